"""Runs on the disk: what a process has counted so far, put down in a folder, and their sum.

A folder holds the run of its pairs (see `detok.counting.pairs`) as two raw files, `tokens` (V
int64) and `state.json`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from detok.counting.pairs import Run, key_type

# Bytes that an entry takes while it is merged, with the copies that NumPy makes on the way.
_MERGE_BYTES = 40


@dataclass
class State:
    """What a run covers."""

    done: list[int] = field(default_factory=list)  # parts
    # A part that was begun: its number, the position to go on at, the token before (or None).
    at: tuple[int, int, int | None] | None = None
    documents: int = 0
    tokens: int = 0
    problems: dict[str, tuple[int, str]] = field(default_factory=dict)  # how many, and one of them

    def report(self, problem: str, where: str) -> None:
        n, first = self.problems.get(problem, (0, where))
        self.problems[problem] = (n + 1, first)

    def add(self, other: "State") -> None:
        """Sums up what two runs cover."""
        self.done += other.done
        self.documents += other.documents
        self.tokens += other.tokens
        for problem, (n, where) in other.problems.items():
            known, first = self.problems.get(problem, (0, where))
            self.problems[problem] = (known + n, min(first, where))


class StoredRun:
    """The folder of a run, whose pairs are read in portions and never as a whole."""

    def __init__(self, folder: Path, vocab_size: int) -> None:
        self.folder = folder
        self._keys, self._counts = folder / "keys", folder / "counts"
        self._key_type = np.dtype(key_type(vocab_size))

    def write(self, tokens: np.ndarray, portions: list[Run], state: State) -> None:
        """Writes a run, whose pairs come in ascending portions, into a new folder."""
        self.folder.mkdir()
        with self._keys.open("wb") as keys, self._counts.open("wb") as counts:
            for run in portions:
                run.keys.tofile(keys)
                run.counts.astype(np.int64).tofile(counts)
        tokens.tofile(self.folder / "tokens")
        (self.folder / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")

    def __len__(self) -> int:
        return self._counts.stat().st_size // 8

    def read(self, start: int, n: int) -> Run:
        """At most n entries from `start`."""
        keys = np.fromfile(self._keys, self._key_type, n, offset=start * self._key_type.itemsize)
        return Run(keys, np.fromfile(self._counts, np.int64, n, offset=start * 8))

    def tokens(self) -> np.ndarray:
        """How often it has each token, (V,) int64."""
        return np.fromfile(self.folder / "tokens", np.int64)

    def state(self) -> State:
        """What it covers."""
        return State(**json.loads((self.folder / "state.json").read_text(encoding="utf-8")))


def merged(runs: list[StoredRun], memory: int) -> Iterator[Run]:
    """The sum of runs, in ascending portions that fit in so many bytes of memory.

    Of every run the next portion is held. Up to the smallest of their last keys nothing can come
    any more, so that far they are added up.
    """
    portion = max(1, memory // _MERGE_BYTES // max(1, len(runs)))
    starts = [0] * len(runs)
    held = [run.read(0, portion) for run in runs]
    while any(len(part.keys) for part in held):
        ends = [
            part.keys[-1]
            for run, part, start in zip(runs, held, starts, strict=True)
            if start + len(part.keys) < len(run)
        ]
        parts = []
        for n, part in enumerate(held):
            end = np.searchsorted(part.keys, min(ends), "right") if ends else len(part.keys)
            parts.append(Run(part.keys[:end], part.counts[:end]))
            starts[n] += int(end)
            rest = Run(part.keys[end:], part.counts[end:])
            held[n] = runs[n].read(starts[n], portion) if 2 * len(rest.keys) < portion else rest
        yield _sum(parts)


def _sum(parts: list[Run]) -> Run:
    keys = np.concatenate([part.keys for part in parts])
    order = np.argsort(keys, kind="stable")  # finds the ascending stretches, and merges them
    keys = keys[order]
    counts = np.concatenate([part.counts for part in parts])[order]
    first = np.flatnonzero(np.concatenate([keys[:1] == keys[:1], keys[1:] != keys[:-1]]))
    return Run(keys[first], np.add.reduceat(counts, first) if len(first) else counts)
