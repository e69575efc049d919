"""Counts pairs of neighbouring tokens by sorting, in memory.

A pair is one number, its key: current · V + past. A run is an ascending array of different keys and
an array of how often each was seen. Blocks of keys that fit in a cache are sorted, and their runs
merged; because the pairs of a text repeat, a run is a fraction of its block.
"""

from typing import NamedTuple

import numpy as np

from detok.errors import InputError

# Keys that are sorted at once.
BLOCK = 1 << 20
# Ranges of keys that are merged one after the other, so that copies are small.
RANGES = 32
# Bytes a key takes while its block is sorted, and an entry while it is held, each with the copies
# that NumPy makes on the way.
_SORT_BYTES, _HELD_BYTES = 16, 32


class Run(NamedTuple):
    """Different keys, ascending, and how often each was seen."""

    keys: np.ndarray  # (pairs,) uint32 or uint64
    counts: np.ndarray  # (pairs,) uint32, uint64 or int64


def key_type(vocab_size: int) -> type[np.unsignedinteger]:
    """The smallest type that holds every key."""
    return np.uint32 if vocab_size**2 <= 1 << 32 else np.uint64


class PairCounter:
    """Counts tokens and pairs of neighbours of token ids that come in portions.

    `separators` are token ids that are counted, but stand in no pair. `memory` bounds, in bytes,
    what is held before `is_full` asks for `take`; with None nothing is asked for.
    """

    def __init__(
        self, vocab_size: int, separators: np.ndarray | list[int] = (), memory: int | None = None
    ) -> None:
        self.vocab_size = vocab_size
        block = BLOCK if memory is None else min(BLOCK, max(memory // 4 // _SORT_BYTES, 1))
        self._block = np.empty(block, key_type(vocab_size))
        self._max_entries = None if memory is None else memory * 3 // 4 // _HELD_BYTES
        self._is_separator = np.zeros(vocab_size, dtype=bool)
        self._is_separator[list(separators)] = True
        self._separators = np.flatnonzero(self._is_separator)
        self._clear()

    def _clear(self) -> None:
        self.tokens = np.zeros(self.vocab_size, dtype=np.int64)  # (V,)
        self._total = 0
        self._filled = 0
        # Of each range of keys the runs so far, and where the ranges end.
        self._runs: list[list[Run]] = [[] for _ in range(RANGES)]
        self._bounds: np.ndarray | None = None

    @property
    def is_full(self) -> bool:
        """Whether the bound on memory asks for `take`."""
        return self._max_entries is not None and self._entries > self._max_entries

    @property
    def _entries(self) -> int:
        return sum(len(run.keys) for runs in self._runs for run in runs)

    def add(self, ids: np.ndarray, starts: np.ndarray | None = None, carried: int = 0) -> None:
        """Counts ids (n,), which stand in a row except where one of `starts` begins anew.

        The first `carried` ids were counted before, and only stand in pairs here.

        Raises: InputError for ids that are no integers (n,), or out of range.
        """
        if ids.ndim != 1:
            raise InputError(f"ids have shape {ids.shape}; expected (n,)")
        checked(ids, self.vocab_size)
        self._total += len(ids) - carried
        self.tokens += np.bincount(ids[carried:], minlength=self.vocab_size)
        current = ids[1:].astype(self._block.dtype)
        past = ids[:-1]
        keys = current * self._block.dtype.type(self.vocab_size) + past.astype(current.dtype)
        kept = None
        if starts is not None:
            kept = np.ones(len(ids) + 1, dtype=bool)
            kept[starts] = False
            kept = kept[1 : len(ids)]
        if len(self._separators):
            apart = self._is_separator[ids]
            if apart.any():
                inner = ~(apart[1:] | apart[:-1])
                kept = inner if kept is None else kept & inner
        self._add_keys(keys if kept is None else keys[kept])

    def _add_keys(self, keys: np.ndarray) -> None:
        while len(keys):
            room = len(self._block) - self._filled
            part, keys = keys[:room], keys[room:]
            self._block[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            if self._filled == len(self._block):
                self._sort_block()

    def _sort_block(self) -> None:
        keys = self._block[: self._filled]
        keys.sort()
        self._filled = 0
        first = np.flatnonzero(np.concatenate([keys[:1] == keys[:1], keys[1:] != keys[:-1]]))
        # A pair cannot be seen more often than there are tokens.
        count_type = np.uint32 if self._total < 1 << 32 else np.uint64
        counts = np.diff(first, append=len(keys)).astype(count_type)
        keys = keys[first]
        if self._bounds is None:
            shares = len(keys) * np.arange(1, RANGES) // RANGES
            self._bounds = keys[shares] if len(keys) else np.zeros(RANGES - 1, keys.dtype)
        parts = zip(
            *(np.split(array, np.searchsorted(keys, self._bounds)) for array in (keys, counts)),
            strict=True,
        )
        for runs, part in zip(self._runs, parts, strict=True):
            run = Run(*(array.copy() for array in part))
            # Runs double in size down the stack, so that each entry is merged a logarithmic number
            # of times.
            while runs and len(runs[-1].keys) < 2 * len(run.keys):
                run = _merge_two(runs.pop(), run)
            runs.append(run)

    @property
    def total(self) -> int:
        """Tokens that were counted since the last `take`."""
        return self._total

    def take(self) -> tuple[np.ndarray, list[Run]]:
        """Token counts (V,) and pairs since the last call; then begins anew.

        The pairs are one run, in ascending portions.
        """
        if self._filled or self._bounds is None:
            self._sort_block()
        portions = []
        for runs in self._runs:
            run = runs.pop()
            while runs:
                run = _merge_two(runs.pop(), run)
            portions.append(run)
        tokens = self.tokens
        self._clear()
        return tokens, portions


def _merge_two(a: Run, b: Run) -> Run:
    """Adds a run to a longer one, whose counts it may change in place."""
    place = np.searchsorted(a.keys, b.keys)
    known = place < len(a.keys)
    known[known] = a.keys[place[known]] == b.keys[known]
    counts = a.counts.astype(np.promote_types(a.counts.dtype, b.counts.dtype), copy=False)
    counts[place[known]] += b.counts[known]
    new = ~known
    # np.insert puts each before the entry that its place names.
    places = place[new]
    return Run(np.insert(a.keys, places, b.keys[new]), np.insert(counts, places, b.counts[new]))


def checked(ids: np.ndarray, vocab_size: int) -> np.ndarray:
    """The token ids as they are.

    Raises: InputError if they are no integers, or out of range.
    """
    if ids.dtype.kind not in "iu":
        raise InputError(f"ids have type {ids.dtype}; expected integers")
    if ids.size and (ids.min() < 0 or ids.max() >= vocab_size):
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise InputError(f"token id {wrong} is out of range; expected 0 ≤ id < V = {vocab_size}")
    return ids
