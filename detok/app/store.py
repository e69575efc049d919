"""What is computed once for all visitors and kept in memory, within one bound in bytes.

All of it stands on one `Shelf`, which `st.cache_resource` keeps. A cache of Streamlit's for each
function would be bounded by a number of entries, each by itself: here everything belongs to the
layers that it was made of, and goes with them.
"""

import inspect
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from detok.app import gate, log
from detok.app.identity import OF_LAYER, identity, unique
from detok.app.shelf import Entry, Owner, Shelf
from detok.app.weights import weight

P = ParamSpec("P")
T = TypeVar("T")
LAYERS = tuple(OF_LAYER)
_here = threading.local()


@st.cache_resource(max_entries=1, show_spinner=False)
def _shelf() -> Shelf:
    return Shelf()


def kept(
    *, max_entries: int, is_heavy: bool = False, of: Callable[[], object] | None = None
) -> Callable[[Callable[P, T]], "Function[P, T]"]:
    """Keeps so many results of a function at most, by its arguments but for `_those`.

    A heavy one waits for its turn, before which the visitor sees how many others are. `of` gives
    what of the visitor's own they are made of, if anything: then nobody else gets them.
    """
    return lambda function: Function(function, max_entries, is_heavy, of)


class Function(Generic[P, T]):
    """A function whose results are kept; what is under way is waited for, not computed twice."""

    def __init__(
        self,
        function: Callable[P, T],
        max_entries: int,
        is_heavy: bool,
        of: Callable[[], object] | None,
    ) -> None:
        update_wrapper(self, function)
        self._function, self._most, self._is_heavy = function, max_entries, is_heavy
        self._of = of
        self._signature = inspect.signature(function)
        self.name = f"{function.__module__}.{function.__qualname__}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        key, owners = self._key(args, kwargs)
        shelf = _shelf()
        entry = shelf.find(key)
        if entry is None:
            with _turn(self._is_heavy), shelf.alone(key):
                entry = shelf.find(key)
                if entry is None:
                    entry = self._made(owners, args, kwargs)
                    shelf.add(key, entry, self._most)
        return entry.value

    def _key(self, args: Any, kwargs: Any) -> tuple[Hashable, frozenset[Owner]]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = [value for name, value in bound.arguments.items() if not name.startswith("_")]
        owners: set[Owner] = set()
        given += [] if self._of is None else [self._of()]
        return (self.name, *(_key(value, owners) for value in given)), frozenset(owners)

    def _made(self, owners: frozenset[Owner], args: Any, kwargs: Any) -> Entry:
        with log.timed("computed", what=self.name), _for_all_visitors(self._of is None):
            value = self._function(*args, **kwargs)
        parts = value if isinstance(value, tuple | list) else [value]
        own = {own for own in map(_own, parts) if own is not None}
        return Entry(self.name, value, owners, frozenset(own), weight(value))

    def clear(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forgets its result for these arguments; without any, all."""
        if args or kwargs:
            _shelf().drop(self._key(args, kwargs)[0])
        else:
            _shelf().clear(self.name)


def forget(thing: object) -> None:
    """Forgets all that was made of what equals nothing but itself."""
    _shelf().drop_all_of(unique(thing))


def is_for_all() -> bool:
    """Whether this thread makes what all visitors get, so that nothing of one may go into it."""
    return getattr(_here, "is_for_all", False)


@contextmanager
def _for_all_visitors(are_all: bool) -> Iterator[None]:
    before = is_for_all()
    _here.is_for_all = before or are_all
    try:
        yield
    finally:
        _here.is_for_all = before


def clear() -> None:
    """Forgets everything."""
    _shelf().clear()


def load() -> dict[str, Any]:
    """How many layers, entries and bytes there are, and the bytes by function."""
    return _shelf().load()


def _key(value: Any, owners: set[Owner]) -> Hashable:
    """What tells an argument from all others; notes what belongs to nobody else as owners."""
    own = _own(value)
    if own is not None:
        owners.add(own)
        return own
    if isinstance(value, tuple | list):
        return type(value), *(_key(part, owners) for part in value)
    if isinstance(value, dict):
        return dict, *((name, _key(part, owners)) for name, part in value.items())
    if is_dataclass(value):
        parts = (_key(getattr(value, field.name), owners) for field in fields(value))
        return type(value), *parts
    return type(value), value


def _own(value: Any) -> Owner | None:
    """What tells a layer, or whatever equals nothing but itself, from all others."""
    if isinstance(value, LAYERS):
        return identity(value)
    if is_dataclass(value) and type(value).__eq__ is object.__eq__:
        return unique(value)
    return None


@contextmanager
def _turn(is_heavy: bool) -> Iterator[None]:
    if not is_heavy:
        yield
        return
    place, shown = None, None

    def waits(before: int) -> None:
        nonlocal place, shown
        if before == shown or get_script_run_ctx(suppress_warning=True) is None:
            return
        place, shown = place or st.empty(), before
        place.info(f"Waiting for {before} other computation{'s' if before > 1 else ''} …")

    with gate.SHORT.turn(waits):
        if place is not None:
            place.empty()
        yield
