"""Runs on the disk: what a process has counted so far, put down in a folder, and their sum.

A folder holds the run of its pairs (see `detok.counting.pairs`) as three raw files, `tokens` (V
int64) and `state.json`.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from detok.counting.pairs import Run, key_type, summed
from detok.counting.pieces import Position
from detok.errors import InputError

# Bytes that an entry takes while it is merged, with the copies that NumPy makes on the way.
_MERGE_BYTES = 56


@dataclass
class State:
    """What a run covers."""

    done: list[int] = field(default_factory=list)  # parts
    # A part that was begun: its number, the position to go on at, the token before (or None).
    at: tuple[int, Position, int | None] | None = None
    documents: int = 0
    tokens: int = 0
    problems: dict[str, tuple[int, str]] = field(default_factory=dict)  # how many, and one of them

    def report(self, problem: str, where: str) -> None:
        n, first = self.problems.get(problem, (0, where))
        self.problems[problem] = (n + 1, first)

    def listed(self) -> list[tuple[str, int, str]]:
        """The problems: kind, how many, and where one of them is."""
        return [(kind, n, where) for kind, (n, where) in sorted(self.problems.items())]

    def check(self) -> None:
        """Raises: InputError if nothing was counted."""
        if not self.documents:
            problems = "; ".join(f"{n} {kind} (such as {at})" for kind, n, at in self.listed())
            raise InputError(
                f"found no document to count ({problems or 'no lines'}); expected at least one"
            )

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
        types = (np.dtype(key_type(vocab_size)), np.dtype(np.int64), np.dtype(np.int64))
        self._columns = [
            (folder / name, kind) for name, kind in zip(Run._fields, types, strict=True)
        ]

    def write(self, tokens: np.ndarray, portions: Iterable[Run], state: State) -> None:
        """Writes a run, whose pairs come in ascending portions, into a new folder."""
        self.folder.mkdir()
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("wb")) for path, _ in self._columns]
            for run in portions:
                for array, file, (_, kind) in zip(run, files, self._columns, strict=True):
                    array.astype(kind, copy=False).tofile(file)
        tokens.tofile(self.folder / "tokens")
        (self.folder / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")

    def __len__(self) -> int:
        path, kind = self._columns[0]
        return path.stat().st_size // kind.itemsize

    def read(self, start: int, n: int) -> Run:
        """At most n entries from `start`."""
        return Run(
            *(
                np.fromfile(path, kind, n, offset=start * kind.itemsize)
                for path, kind in self._columns
            )
        )

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
            parts.append(Run(*(array[:end] for array in part)))
            starts[n] += int(end)
            rest = Run(*(array[end:] for array in part))
            held[n] = runs[n].read(starts[n], portion) if 2 * len(rest.keys) < portion else rest
        yield summed(Run(*map(np.concatenate, zip(*parts, strict=True))))
