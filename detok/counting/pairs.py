"""Counts pairs of neighbouring tokens by sorting, in memory.

A pair is one number, its key: current · V + past. A run is an ascending array of different keys and
arrays of how often each was seen, and how often of it in one word. Blocks of keys that fit in a
cache are sorted, and their runs merged; because the pairs of a text repeat, a run is a fraction of
its block.
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
_SORT_BYTES, _HELD_BYTES = 16, 44


class Run(NamedTuple):
    """Different keys, ascending, how often each was seen, and how often of it in one word."""

    keys: np.ndarray  # (pairs,) uint32 or uint64
    counts: np.ndarray  # (pairs,) uint32, uint64 or int64
    within: np.ndarray  # (pairs,) of the same type


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
        self._clear()

    def _clear(self) -> None:
        self.tokens = np.zeros(self.vocab_size, dtype=np.int64)  # (V,)
        self.total = 0  # tokens that were counted since the last `take`
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

    def add(self, ids: np.ndarray, carried: int = 0) -> None:
        """Counts ids (n,), which stand in a row, and of whose words nothing is known.

        The first `carried` ids were counted before, and only stand in pairs here.

        Raises: InputError for ids that are no integers (n,), or out of range.
        """
        if ids.ndim != 1:
            raise InputError(f"ids have shape {ids.shape}; expected (n,)")
        checked(ids, self.vocab_size)
        self.total += len(ids) - carried
        self.tokens += np.bincount(ids[carried:], minlength=self.vocab_size)
        self.add_pairs(ids[:-1], ids[1:])

    def add_pairs(self, past: np.ndarray, current: np.ndarray) -> None:
        """Counts pairs across words: token ids in range, both (n,)."""
        keys, apart = self._keys(past, current)
        keys = keys if apart is None else keys[~apart]
        while len(keys):
            room = len(self._block) - self._filled
            part, keys = keys[:room], keys[room:]
            self._block[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            if self._filled == len(self._block):
                self._sort_block()

    def add_repeated(
        self, past: np.ndarray, current: np.ndarray, times: np.ndarray, within: np.ndarray
    ) -> None:
        """Counts pairs that were seen so many times, and so many of them in a word: all (n,)."""
        keys, apart = self._keys(past, current)
        if apart is not None:
            keys, times, within = keys[~apart], times[~apart], within[~apart]
        self._hold(summed(Run(keys, times, within)))

    def _keys(self, past: np.ndarray, current: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The keys of pairs, and in which of them a separator stands, if in any."""
        kind = self._block.dtype
        keys = current.astype(kind) * kind.type(self.vocab_size) + past.astype(kind)
        if not self._is_separator.any():
            return keys, None
        apart = self._is_separator[past] | self._is_separator[current]
        return keys, apart if apart.any() else None

    def _sort_block(self) -> None:
        keys = self._block[: self._filled]
        keys.sort()
        self._filled = 0
        first = _first_of_each(keys)
        counts = np.diff(first, append=len(keys))
        self._hold(Run(keys[first], counts, np.zeros(len(first), np.uint32)))

    def _hold(self, run: Run) -> None:
        # A pair cannot be seen more often than there are tokens.
        count_type = np.uint32 if self.total < 1 << 32 else np.uint64
        run = Run(run.keys, *(array.astype(count_type, copy=False) for array in run[1:]))
        if self._bounds is None:
            shares = len(run.keys) * np.arange(1, RANGES) // RANGES
            empty = np.zeros(RANGES - 1, run.keys.dtype)
            self._bounds = run.keys[shares] if len(run.keys) else empty
        ends = np.searchsorted(run.keys, self._bounds)
        parts = zip(*(np.split(array, ends) for array in run), strict=True)
        for runs, part in zip(self._runs, parts, strict=True):
            new = Run(*(array.copy() for array in part))
            # Runs double in size down the stack, so that each entry is merged a logarithmic number
            # of times.
            while runs and len(runs[-1].keys) < 2 * len(new.keys):
                new = _merge_two(runs.pop(), new)
            runs.append(new)

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


def summed(run: Run) -> Run:
    """The run of keys that are not sorted, and may come more than once."""
    order = np.argsort(run.keys, kind="stable")  # finds the ascending stretches, and merges them
    keys = run.keys[order]
    first = _first_of_each(keys)
    sums = (np.add.reduceat(a[order], first) if len(first) else a for a in run[1:])
    return Run(keys[first], *sums)


def _first_of_each(keys: np.ndarray) -> np.ndarray:
    """Where each of ascending keys comes first."""
    return np.flatnonzero(np.concatenate([keys[:1] == keys[:1], keys[1:] != keys[:-1]]))


def _merge_two(a: Run, b: Run) -> Run:
    """Adds a run to a longer one, whose counts it may change in place."""
    place = np.searchsorted(a.keys, b.keys)
    known = place < len(a.keys)
    known[known] = a.keys[place[known]] == b.keys[known]
    new = ~known
    # np.insert puts each before the entry that its place names.
    places = place[new]
    sums = []
    for longer, shorter in zip(a[1:], b[1:], strict=True):
        total = longer.astype(np.promote_types(longer.dtype, shorter.dtype), copy=False)
        total[place[known]] += shorter[known]
        sums.append(np.insert(total, places, shorter[new]))
    return Run(np.insert(a.keys, places, b.keys[new]), *sums)


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
