"""Whether the app can be shown to visitors: its settings, its first model, and where it writes."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import detok
from detok.app import cached, disk_cache, models, settings, start, texts
from detok.model.amounts import in_bytes


def ready() -> Iterator[tuple[str, str]]:
    """What is there, by name, as each is known; a model that is not here is fetched.

    Raises: InputError for settings that cannot be used, or a first model that does not answer.
    """
    start.begin()
    given = settings.now()
    yield "settings", "hosted" if given.hosted else "not hosted"
    begun = time.monotonic()
    layer = cached.load_layer(models.default())
    token = 0 if not texts.can_encode(layer) else texts.encoded(layer, "a")[0]
    best = detok.affinity(layer, token, heads=0, k=1)
    if best.empty or not best["score"].notna().all():
        raise detok.InputError(f"{layer.name} has no answer for token {token}; expected a number")
    answers = f"answers after {time.monotonic() - begun:.1f} s, {in_bytes(layer.n_bytes)}"
    yield "opens on", f"{layer.name}, on {layer.device}; {answers}"
    here, offered = models.on_this_machine(), models.offered()
    for name in given.models:
        if name not in offered:
            yield "missing", f"{name}, neither here nor to be fetched without a network"
    for name in offered:
        if name != layer.name:
            yield "also", f"{name}, {'here' if name in here else 'fetched when chosen'}"
    yield "kept on disk", _of_folder(disk_cache.folder())


def _of_folder(folder: Path) -> str:
    above = next(path for path in (folder, *folder.parents) if path.exists())
    can_write = above.is_dir() and os.access(above, os.W_OK | os.X_OK)
    return f"{folder}" + ("" if can_write else ", which cannot be written: nothing is kept there")
