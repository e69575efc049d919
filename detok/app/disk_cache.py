"""A cache on disk for the measures of heads over all tokens, which take minutes to compute.

One file a table, in `$DETOK_CACHE`, else `$XDG_CACHE_HOME/detok`, else `~/.cache/detok`. Its name
is made from all that the table depends on, so that nothing in it is ever out of date. Where the
folder cannot be written, or a file is damaged, everything works as if there were no cache.
"""

import hashlib
import json
import os
import tempfile
import time
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from detok.app.identity import revision
from detok.counting.counts import Counts
from detok.heads.auroc import Auroc
from detok.heads.baselines import Baselines
from detok.heads.measured import Measured
from detok.heads.pair_auroc import PairAuroc
from detok.model.any_layer import AnyLayer

# To be raised when the numbers would come out differently.
VERSION = 2
# What was written in part, by a process that was killed, goes when it is older.
LEFT_S = 3600.0

T = TypeVar("T", Auroc, PairAuroc)


def folder() -> Path:
    """Where the cache is."""
    if own := os.environ.get("DETOK_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "detok"


def path(layer: AnyLayer, counts: Counts) -> Path:
    """The file of a layer's measures with some counts, whether it is there or not."""
    made_from = {
        "version": VERSION,
        "model": layer.name,
        "revision": revision(layer),
        "counts": _counts_hash(counts),
        "dtype": str(layer.dtype),
    }
    digest = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()
    return folder() / f"auroc-{digest[:32]}.npz"


def load(layer: AnyLayer, counts: Counts) -> Measured | None:
    """The measures of all tokens if an earlier call saved them."""
    try:
        with np.load(path(layer, counts), allow_pickle=False) as file:
            table = Measured(
                _from(Auroc, file, "auroc"),
                _from(PairAuroc, file, "pair"),
                Baselines(
                    _from(Auroc, file, "baseline_auroc"), _from(PairAuroc, file, "baseline_pair")
                ),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None  # not there, or damaged: it is computed again
    H, V = layer.n_heads, layer.vocab_size
    shapes = [part.area.shape for part in _parts(table).values()]
    return table if shapes == [(H, V), (H, V), (1 + H, V), (1 + H, V)] else None


def _parts(table: Measured) -> dict[str, Auroc | PairAuroc]:
    return {
        "auroc": table.areas,
        "pair": table.pairs,
        "baseline_auroc": table.baselines.auroc,
        "baseline_pair": table.baselines.pair,
    }


def _from(kind: type[T], file: Any, name: str) -> T:
    return kind(**{field.name: file[f"{name}_{field.name}"] for field in fields(kind)})


def save(layer: AnyLayer, counts: Counts, table: Measured) -> bool:
    """Saves the measures of all tokens, whole or not at all; whether it could."""
    target = path(layer, counts)
    arrays = {
        f"{name}_{field.name}": getattr(part, field.name)
        for name, part in _parts(table).items()
        for field in fields(part)
    }
    name = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_away(target.parent)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            name = file.name
            np.savez_compressed(file, **arrays)
        os.replace(name, target)
    except OSError:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        return False
    return True


def _clear_away(folder: Path) -> None:
    for part in folder.glob("tmp*.part"):
        if time.time() - part.stat().st_mtime > LEFT_S:
            part.unlink(missing_ok=True)


def _counts_hash(counts: Counts) -> str:
    digest = hashlib.sha256(str(counts.vocab_size).encode())
    for array in (counts.tokens, counts.offsets, counts.past, counts.pair_counts):
        digest.update(str(array.dtype).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
