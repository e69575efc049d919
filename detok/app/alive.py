"""The layers that are in memory, also those that are kept no longer but that an open tab shows.

A page's callbacks hold its layer as long as the visitor stays on it.
"""

from weakref import WeakKeyDictionary

from detok.app import fallback, garbage, settings
from detok.errors import InputError
from detok.model import source
from detok.model.amounts import in_bytes
from detok.model.any_layer import AnyLayer
from detok.model.source import Source

# Of what may be kept: what open tabs show beside it may take as much again.
MOST = 2
_stamps: WeakKeyDictionary[AnyLayer, object] = WeakKeyDictionary()


def note(layer: AnyLayer) -> None:
    """It is in memory now."""
    _stamps[layer] = _stamp(layer.source)


def again(model: str) -> AnyLayer | None:
    """A layer that is in memory all the same, if it is what loading it would give."""
    here = [
        layer
        for layer in list(_stamps)
        if layer.name == model and not fallback.was_left_behind(layer)
    ]
    found = source.locate_here(model) if here else None
    stamp = None if found is None else _stamp(found)
    return next((layer for layer in here if _stamps.get(layer) == stamp), None)


def _stamp(of: Source) -> object:
    files = [(path.name, path.stat()) for path in of.folder.iterdir() if path.is_file()]
    return frozenset((name, at.st_mtime_ns, at.st_size) for name, at in files)


def n_bytes() -> int:
    """What all of them take."""
    return sum(layer.n_bytes for layer in list(_stamps))


def check_room() -> None:
    """Raises: InputError if other visitors look at so many models that there is none for more."""
    most = MOST * settings.now().cache_bytes
    if n_bytes() < most:
        return
    garbage.collect()
    if n_bytes() >= most:
        raise InputError(
            f"other visitors look at models that take {in_bytes(n_bytes())} of memory, and this "
            f"server has {in_bytes(most)} for them; expected a model that is shown already, or a "
            "later try"
        )
