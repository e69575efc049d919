"""A cache on disk for the AUROC of all tokens, which takes minutes to compute.

One file a table, in `$DETOK_CACHE`, else `$XDG_CACHE_HOME/detok`, else `~/.cache/detok`. Its name
is made from all that the table depends on, so that nothing in it is ever out of date. Where the
folder cannot be written, or a file is damaged, everything works as if there were no cache.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from detok.app.identity import revision
from detok.counting.counts import Counts
from detok.heads.auroc import Auroc
from detok.model.layer import Layer

# To be raised when the numbers would come out differently.
VERSION = 1
_FIELDS = ("tokens", "n_past", "area", "known", "itself")


def folder() -> Path:
    """Where the cache is."""
    if own := os.environ.get("DETOK_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "detok"


def path(layer: Layer, counts: Counts) -> Path:
    """The file of a layer's table with some counts, whether it is there or not."""
    made_from = {
        "version": VERSION,
        "model": layer.name,
        "revision": revision(layer),
        "counts": _counts_hash(counts),
        "dtype": str(layer.Q_E.dtype),
    }
    digest = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()
    return folder() / f"auroc-{digest[:32]}.npz"


def load(layer: Layer, counts: Counts) -> Auroc | None:
    """The table of all tokens if an earlier call saved it."""
    try:
        with np.load(path(layer, counts), allow_pickle=False) as file:
            table = Auroc(**{name: file[name] for name in _FIELDS})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # not there, or damaged: it is computed again
    shape = layer.n_heads, layer.vocab_size
    return table if table.area.shape == table.known.shape == table.itself.shape == shape else None


def save(layer: Layer, counts: Counts, table: Auroc) -> bool:
    """Saves the table of all tokens, whole or not at all; whether it could."""
    target = path(layer, counts)
    name = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            name = file.name
            np.savez_compressed(file, **{field: getattr(table, field) for field in _FIELDS})
        os.replace(name, target)
    except OSError:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        return False
    return True


def _counts_hash(counts: Counts) -> str:
    digest = hashlib.sha256(str(counts.vocab_size).encode())
    for array in (counts.offsets, counts.past, counts.pair_counts):
        digest.update(str(array.dtype).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
