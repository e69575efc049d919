"""The results that are kept in memory, each with the layers that it was made of, within one bound.

When there are more layers than `DETOK_CACHED_MODELS`, or more bytes than `DETOK_CACHE_BYTES`, the
one that was not used for longest goes, with everything of it; a computation of its own that is
under way ends. What a visitor looks at may exceed the bound by itself: then it is all that is kept.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from detok.app import garbage, log, settings
from detok.app.identity import OF_LAYER
from detok.app.jobs import Job
from detok.app.weights import weight

Owner = Hashable


@dataclass(eq=False)
class Entry:
    """One result of a function."""

    function: str
    value: Any
    owners: frozenset[Owner]
    own: frozenset[Owner]  # what is made of it belongs to these
    n_bytes: int
    is_weighed: bool = False  # with the result of a job

    @property
    def is_layer(self) -> bool:
        return isinstance(self.value, tuple(OF_LAYER))

    @property
    def is_under_way(self) -> bool:
        return isinstance(self.value, Job) and self.value.is_under_way


class Shelf:
    """All entries by key, and the layers among what they belong to; used last is at the end."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._owners: OrderedDict[Owner, None] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._waiting: Counter[Hashable] = Counter()

    def find(self, key: Hashable) -> Entry | None:
        """What is kept by this key, which is now what was used last."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
                self._use(entry)
            return entry

    def add(self, key: Hashable, entry: Entry, most: int) -> None:
        """Keeps an entry, and no more than so many of its function."""
        with self._lock:
            self._entries[key] = entry
            self._use(entry)
            mine = [k for k, e in self._entries.items() if e.function == entry.function]
            for oldest in mine[: max(0, len(mine) - most)]:
                self.drop(oldest)
            self._shrink(entry)

    def drop(self, key: Hashable) -> None:
        """Forgets an entry, and what was made of it."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None:
                return
            if isinstance(entry.value, Job):
                entry.value.end()
            for own in entry.own:
                self.drop_all_of(own)

    def drop_all_of(self, owner: Owner) -> None:
        """Forgets what belongs to a layer, or to whatever belongs to one itself."""
        with self._lock:
            self._owners.pop(owner, None)
            for key in [k for k, e in self._entries.items() if owner in e.owners | e.own]:
                self.drop(key)

    def clear(self, function: str | None = None) -> None:
        """Forgets everything, or all of one function."""
        with self._lock:
            for key, entry in list(self._entries.items()):
                if function in (None, entry.function):
                    self.drop(key)
            if function is None:
                self._owners.clear()

    def load(self) -> dict[str, Any]:
        """How many layers, entries and bytes there are, and the bytes by function."""
        with self._lock:
            self._weigh_again()
            by_function: Counter[str] = Counter()
            for entry in self._entries.values():
                by_function[entry.function] += entry.n_bytes
            return {
                "layers": len(self._owners),
                "entries": len(self._entries),
                "bytes": by_function.total(),
                "largest": dict(by_function.most_common(8)),
            }

    @contextmanager
    def alone(self, key: Hashable) -> Iterator[None]:
        """One at a time for each key."""
        with self._lock:
            lock = self._making.setdefault(key, threading.Lock())
            self._waiting[key] += 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._waiting[key] -= 1
                if not self._waiting[key]:
                    del self._waiting[key], self._making[key]

    def _use(self, entry: Entry) -> None:
        """The layers of an entry are those used last."""
        for owner in entry.owners | entry.own:
            if isinstance(owner, tuple):  # a layer's: all else belongs to one itself
                self._owners[owner] = None
                self._owners.move_to_end(owner)

    def _shrink(self, newest: Entry) -> None:
        """Lets go of what is too much, but not of what was just used."""
        given, in_use = settings.now(), newest.owners | newest.own
        self._weigh_again()
        while self._n_bytes() > given.cache_bytes or len(self._owners) > given.cached_models:
            others = [owner for owner in self._owners if owner not in in_use]
            if not others:
                break
            victim = min(others, key=self._is_computing)  # the first, which is the oldest
            wanted = self._is_computing(victim)
            log.event("dropped", layers=len(self._owners), bytes=self._n_bytes(), wanted=wanted)
            self.drop_all_of(victim)
            garbage.collect()
        for key, entry in list(self._entries.items()):
            if self._n_bytes() <= given.cache_bytes:
                return
            if entry is not newest and not (entry.is_under_way or entry.is_layer):
                self.drop(key)

    def _n_bytes(self) -> int:
        return sum(entry.n_bytes for entry in self._entries.values())

    def _weigh_again(self) -> None:
        """Jobs have their result only once they are done."""
        for entry in self._entries.values():
            if (
                isinstance(entry.value, Job)
                and entry.value.state == "done"
                and not entry.is_weighed
            ):
                entry.n_bytes, entry.is_weighed = weight(entry.value.result), True

    def _is_computing(self, owner: Owner) -> bool:
        return any(owner in e.owners and e.is_under_way for e in self._entries.values())
