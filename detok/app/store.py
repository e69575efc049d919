"""What is computed once for all visitors and kept in memory, within one bound in bytes.

Streamlit's own caches are bounded by numbers of entries, each by itself, and any visitor can have
them emptied. Here everything belongs to the layers that it was made of. When there are more layers
than `DETOK_CACHED_MODELS`, or more bytes than `DETOK_CACHE_BYTES`, the one that was not used for
longest goes, with everything of it; a computation of its own that is under way ends. What a visitor
looks at may exceed the bound by itself: then it is all that is kept.
"""

import inspect
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from detok.app import garbage, gate, log, settings
from detok.app.identity import OF_LAYER, identity, unique
from detok.app.jobs import Job
from detok.app.weights import weight

P = ParamSpec("P")
T = TypeVar("T")
Owner = Hashable
LAYERS = tuple(OF_LAYER)


@dataclass(eq=False)
class _Entry:
    function: str
    value: Any
    owners: frozenset[Owner]
    own: frozenset[Owner]  # what is made of it belongs to these
    n_bytes: int
    is_weighed: bool = False  # with the result of a job


_lock = threading.RLock()
_entries: OrderedDict[Hashable, _Entry] = OrderedDict()  # what was used last is at the end
_owners: OrderedDict[Owner, None] = OrderedDict()  # layers, in the same order
_making: dict[Hashable, threading.Lock] = {}
_waiting: Counter[Hashable] = Counter()
_making_here = threading.local()


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
        of: Callable[[], object] | None = None,
    ) -> None:
        update_wrapper(self, function)
        self._function, self._most, self._is_heavy = function, max_entries, is_heavy
        self._of = of
        self._signature = inspect.signature(function)
        self.name = f"{function.__module__}.{function.__qualname__}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        key, owners = self._key(args, kwargs)
        entry = _found(key)
        if entry is None:
            with _turn(self._is_heavy), _alone(key):
                entry = _found(key) or self._made(key, owners, args, kwargs)
        return entry.value

    def _key(self, args: Any, kwargs: Any) -> tuple[Hashable, frozenset[Owner]]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = [value for name, value in bound.arguments.items() if not name.startswith("_")]
        owners: set[Owner] = set()
        given += [] if self._of is None else [self._of()]
        return (self.name, *(_key(value, owners) for value in given)), frozenset(owners)

    def _made(self, key: Hashable, owners: frozenset[Owner], args: Any, kwargs: Any) -> _Entry:
        with log.timed("computed", what=self.name), _for_all_visitors(self._of is None):
            value = self._function(*args, **kwargs)
        parts = value if isinstance(value, tuple | list) else [value]
        own = {own for own in map(_own, parts) if own is not None}
        entry = _Entry(self.name, value, owners, frozenset(own), weight(value))
        with _lock:
            _entries[key] = entry
            _used(entry)
            self._bound(key)
            _shrink(entry)
        return entry

    def _bound(self, newest: Hashable) -> None:
        mine = [key for key, entry in _entries.items() if entry.function == self.name]
        for key in mine[: max(0, len(mine) - self._most)]:
            if key != newest:
                _drop(key)

    def clear(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forgets its result for these arguments; without any, all."""
        with _lock:
            if args or kwargs:
                _drop(self._key(args, kwargs)[0])
                return
            for key in [key for key, entry in _entries.items() if entry.function == self.name]:
                _drop(key)


def forget(thing: object) -> None:
    """Forgets all that was made of what equals nothing but itself."""
    with _lock:
        _drop_all_of(unique(thing))


def is_for_all() -> bool:
    """Whether this thread makes what all visitors get, so that nothing of one may go into it."""
    return getattr(_making_here, "is_for_all", False)


@contextmanager
def _for_all_visitors(are_all: bool) -> Iterator[None]:
    before = is_for_all()
    _making_here.is_for_all = before or are_all
    try:
        yield
    finally:
        _making_here.is_for_all = before


def clear() -> None:
    """Forgets everything."""
    with _lock:
        for key in list(_entries):
            _drop(key)
        _owners.clear()


def load() -> dict[str, Any]:
    """How many layers, entries and bytes there are, and the bytes by function."""
    with _lock:
        _weigh_again()
        by_function: Counter[str] = Counter()
        for entry in _entries.values():
            by_function[entry.function] += entry.n_bytes
        return {
            "layers": len(_owners),
            "entries": len(_entries),
            "bytes": by_function.total(),
            "largest": dict(by_function.most_common(8)),
        }


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


def _found(key: Hashable) -> _Entry | None:
    with _lock:
        entry = _entries.get(key)
        if entry is not None:
            _entries.move_to_end(key)
            _used(entry)
        return entry


def _used(entry: _Entry) -> None:
    """The layers of an entry are those used last."""
    for owner in entry.owners | entry.own:
        if isinstance(owner, tuple):  # a layer's: all else belongs to one itself
            _owners[owner] = None
            _owners.move_to_end(owner)


def _drop(key: Hashable) -> None:
    """Forgets an entry, and what was made of it."""
    entry = _entries.pop(key, None)
    if entry is None:
        return
    if isinstance(entry.value, Job):
        entry.value.end()
    for own in entry.own:
        _drop_all_of(own)


def _drop_all_of(owner: Owner) -> None:
    _owners.pop(owner, None)
    for key in [key for key, e in _entries.items() if owner in e.owners | e.own]:
        _drop(key)


def _shrink(newest: _Entry) -> None:
    """Lets go of what is too much, but not of what was just used."""
    given, in_use = settings.now(), newest.owners | newest.own
    _weigh_again()
    while _is_too_much(given) or len(_owners) > given.cached_models:
        others = [owner for owner in _owners if owner not in in_use]
        if not others:
            break
        victim = min(others, key=_is_computing)  # the first, which is the oldest
        log.event("dropped", layers=len(_owners), bytes=_n_bytes(), wanted=_is_computing(victim))
        _drop_all_of(victim)
        garbage.collect()
    for key, entry in list(_entries.items()):
        if not _is_too_much(given):
            return
        if entry is not newest and not (_is_under_way(entry) or _is_layer(entry)):
            _drop(key)


def _is_layer(entry: _Entry) -> bool:
    return isinstance(entry.value, LAYERS)


def _is_too_much(given: settings.Settings) -> bool:
    return _n_bytes() > given.cache_bytes


def _n_bytes() -> int:
    return sum(entry.n_bytes for entry in _entries.values())


def _weigh_again() -> None:
    """Jobs have their result only once they are done."""
    for entry in _entries.values():
        if isinstance(entry.value, Job) and entry.value.state == "done" and not entry.is_weighed:
            entry.n_bytes, entry.is_weighed = weight(entry.value.result), True


def _is_under_way(entry: _Entry) -> bool:
    return isinstance(entry.value, Job) and entry.value.is_under_way


def _is_computing(owner: Owner) -> bool:
    return any(owner in entry.owners and _is_under_way(entry) for entry in _entries.values())


@contextmanager
def _alone(key: Hashable) -> Iterator[None]:
    """One at a time for each key."""
    with _lock:
        lock = _making.setdefault(key, threading.Lock())
        _waiting[key] += 1
    try:
        with lock:
            yield
    finally:
        with _lock:
            _waiting[key] -= 1
            if not _waiting[key]:
                del _waiting[key], _making[key]


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
