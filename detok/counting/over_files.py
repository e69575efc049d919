"""Counts the tokens and pairs of files and data sets of any size, into a file."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Self

from detok.counting.encoding import Encoder, named_vocabulary
from detok.counting.interruption import stopping
from detok.counting.messages import Counted, Message, Task, Written
from detok.counting.parts import Part
from detok.counting.plan import DEFAULT_MEMORY, Plan
from detok.counting.processes import work_in_processes
from detok.counting.progress import Meter, Progress
from detok.counting.provenance import provenance_of, today
from detok.counting.runs import State
from detok.counting.shards import Shard
from detok.counting.sources import Source, Sources
from detok.counting.table import write_table
from detok.counting.work_folder import WorkFolder
from detok.counting.workers import work_here
from detok.errors import InputError
from detok.model.vocabulary import Vocabulary


@dataclass(frozen=True)
class Summary:
    """What a count over files has come to.

    `problems` are what was left out: kind, how many, and where one of them is.
    """

    documents: int
    tokens: int
    pairs: int
    problems: list[tuple[str, int, str]]

    @classmethod
    def of(cls, total: State, pairs: int) -> Self:
        return cls(total.documents, total.tokens, pairs, total.listed())


def count_files(
    sources: Iterable[Source],
    tokenizer: Vocabulary | str,
    out: Path | str,
    *,
    column: str = "text",
    memory: int = DEFAULT_MEMORY,
    workers: int = 1,
    min_count: int = 1,
    corpus: str | None = None,
    note: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Counts the tokens and pairs of text files and data sets into a file that `Counts.load` reads.

    The files, and those of folders, are `.txt` (one document a file), `.jsonl` and `.parquet` (one
    document a line or row, in `column`); the first two also as `.gz` or `.zst`. They may lie behind
    `https://`, or in a data set of the hub: `hf://datasets/OWNER/NAME/PATH`; for a data set as a
    whole see `Dataset`. What cannot be read in them is left out and summed up in the result.
    A word of more than 64 KiB is cut, with
    another tokenizer than GPT-2's a text every 256 KiB (`detok.counting.pieces`); a JSON line of
    more than 64 MiB is left out.

    `memory` bounds, in bytes, the tables and texts that are held, on top of what Python, its
    libraries and the tokenizer take in each process; whatever exceeds it waits on the disk. The
    result does not depend on it, nor on the number of `workers` (processes; if more than one, the
    calling script needs `if __name__ == "__main__"`). Pairs seen fewer than `min_count` times are
    not written. `corpus` names the texts, to be put after "in" or "from"; a `note` is shown with
    the counts.

    An interrupted call (Ctrl-C, or a kill) leaves what it had counted in the folder
    OUT.partial, and the same call goes on from there.

    Raises: InputError if a file is not what its name says, nothing can be counted, `out` is there
    already, or OUT.partial belongs to another count; KeyboardInterrupt when interrupted.
    """
    vocabulary, name = named_vocabulary(tokenizer)
    plan = Plan(Path(out), Encoder.of(vocabulary), column, memory, workers, min_count)
    plan.check()
    total = State()
    found = Sources.of(sources, column, total.report)
    with WorkFolder(plan, _settings(vocabulary, column, found)) as folder, stopping() as stop:
        _count_parts(plan, found.parts, folder, progress, stop)
        for state in folder.states():
            total.add(state)
        try:
            total.check()
        except InputError:
            folder.remove()
            raise
        provenance = provenance_of(
            vocabulary.sha256,
            total,
            corpus=corpus or ", ".join(found.names),
            tokenizer=name,
            date=folder.date,
            note=note,
            datasets="; ".join(found.datasets),
        )

        def between() -> None:
            if stop.is_set():
                raise _interrupted(folder)

        new = folder.path / "table.parquet"
        how = {"memory": memory, "min_count": min_count, "between": between}
        pairs = write_table(plan.out, new, folder.runs, provenance, **how)
        folder.remove()
    return Summary.of(total, pairs)


def _settings(vocabulary: Vocabulary, column: str, found: Sources) -> dict[str, str]:
    """What is to be counted; a file that is changed meanwhile changes it."""
    digest = hashlib.sha256()
    for part in found.parts:
        digest.update(json.dumps(part.identity()).encode())
    return {
        "format": "3",
        "tokenizer": vocabulary.sha256,
        "column": column,
        "datasets": "; ".join(found.datasets),
        "files": digest.hexdigest(),
        "date": today(),
    }


def _count_parts(
    plan: Plan,
    parts: list[Part | Shard],
    folder: WorkFolder,
    progress: Callable[[Progress], None] | None,
    stop: Event,
) -> None:
    """Counts what no run covers yet; on return every part is in a run."""
    states = folder.states()
    tasks = _left(parts, states)
    meter = Meter(parts, tasks, sum(state.tokens for state in states), progress)

    def receive(message: Message) -> None:
        match message:
            case Written(name):
                folder.keep(name)
            case Counted():
                meter.update(message)

    plan = replace(plan, workers=min(plan.workers, len(tasks)))
    work = work_in_processes if plan.workers > 1 else work_here
    work(plan, tasks, receive, stop)
    if stop.is_set():
        raise _interrupted(folder)


def _left(parts: list[Part | Shard], states: list[State]) -> list[Task]:
    """What runs do not cover, the largest part first: else the last keeps the others waiting."""
    tasks = {n: Task(n, part) for n, part in enumerate(parts)}
    for state in states:
        if state.at is not None and state.at[0] in tasks:
            n, position, last = state.at
            tasks[n] = Task(n, parts[n], position, last)
        for n in state.done:
            tasks.pop(n, None)
    return sorted(tasks.values(), key=lambda task: -task.part.size)


def _interrupted(folder: WorkFolder) -> KeyboardInterrupt:
    tokens = sum(state.tokens for state in folder.states())
    return KeyboardInterrupt(
        f"stopped; {tokens:,} tokens are counted and kept in {folder.path}, and the same command "
        "goes on from there"
    )
