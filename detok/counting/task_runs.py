"""The runs of a count that is divided into tasks, on one machine or many: one sorted run a task.

All tasks write into one folder, on a disk that all machines see. `settings.json` says what they
count with; the run of a task is a folder `run-TASK`, which is there as a whole or not at all, and
is written anew by a task that runs again. `merge_runs` makes their table.
"""

import os
import shutil
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detok.counting.encoding import Encoder, batches
from detok.counting.over_files import Summary
from detok.counting.pieces import Piece
from detok.counting.plan import DEFAULT_MEMORY, check_table
from detok.counting.provenance import provenance_of, today
from detok.counting.runs import State, StoredRun, merged
from detok.counting.settings import agreed, read
from detok.counting.table import write_table
from detok.errors import InputError

FORMAT = "1"


@dataclass(frozen=True)
class Task:
    """One of several tasks that count into a folder."""

    folder: Path
    number: int  # from 0
    n_tasks: int
    tokenizer: str  # its name
    tokenizer_hash: str

    def count(
        self, pieces: Iterable[Piece], encoder: Encoder, state: State, memory: int = DEFAULT_MEMORY
    ) -> None:
        """Counts the pieces of this task's documents in so many bytes, and puts down its run.

        `state` gets what was counted; to it whoever makes the pieces reports what is left out.

        Raises: InputError if the folder holds a count with another tokenizer or number of tasks.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {"format": FORMAT, "tasks": str(self.n_tasks), "tokenizer": self.tokenizer_hash}
        agreed(self.folder, settings | {"name": self.tokenizer, "date": today()})
        for unfinished in self.folder.glob(f"new-{self.number:08d}-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        # Of its own: a task that was taken for dead may still run elsewhere.
        new = self.folder / f"new-{self.number:08d}-{socket.gethostname()}-{os.getpid()}"
        new.mkdir()
        try:
            self._count(pieces, encoder, state, memory, new)
            kept = self.folder / f"run-{self.number:08d}"
            if kept.exists():
                kept.replace(new / "before")
            (new / "run").replace(kept)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _count(
        self, pieces: Iterable[Piece], encoder: Encoder, state: State, memory: int, new: Path
    ) -> None:
        tally, last, parts = encoder.tally(memory), None, []

        def put_down() -> None:
            part = StoredRun(new / str(len(parts)), encoder.vocab_size)
            part.write(*tally.take(), State())
            parts.append(part)

        for batch in batches(pieces):
            before = tally.total
            last = tally.add(batch, last)
            state.tokens += tally.total - before
            state.documents += sum(piece.is_new_document for piece in batch)
            if tally.is_full:
                put_down()
        put_down()
        state.done = [self.number]
        tokens = np.sum([part.tokens() for part in parts], axis=0)
        StoredRun(new / "run", encoder.vocab_size).write(tokens, merged(parts, memory), state)


def merge_runs(
    folder: Path | str,
    out: Path | str,
    *,
    memory: int = DEFAULT_MEMORY,
    min_count: int = 1,
    corpus: str | None = None,
    note: str = "",
) -> Summary:
    """Makes one file of counts of the runs of all tasks; the arguments are those of `count_files`.

    It has the bytes that a count of all their documents by `count_files` has, on the same date.

    Raises: InputError if a task has no run yet, one is damaged, or nothing was counted.
    """
    folder, out = Path(folder), Path(out)
    known = read(folder)
    if known.get("format") != FORMAT or not known.get("tasks", "").isdecimal():
        raise InputError(
            f"{folder} holds no runs of tasks; expected a folder that tasks count into"
        )
    check_table(out, min_count)
    runs, total = _runs(folder, int(known["tasks"]))
    total.check()
    provenance = provenance_of(
        known["tokenizer"],
        total,
        corpus=corpus or folder.name,
        tokenizer=known["name"],
        date=known["date"],
        note=note,
    )
    new = out.with_name(out.name + ".new")
    try:
        pairs = write_table(out, new, runs, provenance, memory=memory, min_count=min_count)
    finally:
        new.unlink(missing_ok=True)
    return Summary.of(total, pairs)


def _runs(folder: Path, n_tasks: int) -> tuple[list[StoredRun], State]:
    """The runs of all tasks, and what they cover."""
    folders = [folder / f"run-{n:08d}" for n in range(n_tasks)]
    if missing := [str(n) for n, run in enumerate(folders) if not run.is_dir()]:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise InputError(
            f"{folder} has no run of the tasks {', '.join(missing[:10])}{more} of {n_tasks}, "
            "numbered from 0; expected all: run them again, which passes over those that are done"
        )
    total = State()
    try:
        V = (folders[0] / "tokens").stat().st_size // 8
        runs = [StoredRun(run, V) for run in folders]
        for run in runs:
            total.add(run.state())
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{folder} is damaged ({error}); delete it, and count anew") from error
    return runs, total
