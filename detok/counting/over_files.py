"""Counts tokens and pairs of neighbours in texts: in memory, or over files of any size."""

import contextlib
import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detok.counting import files
from detok.counting.counts_file import Writer
from detok.counting.encoding import Encoder
from detok.counting.pairs import RunFile, merged
from detok.counting.progress import Meter, Progress
from detok.counting.provenance import provenance_of, today, vocabulary_of
from detok.counting.work_folder import State, WorkFolder
from detok.counting.workers import Task, work_here, work_in_processes
from detok.errors import InputError
from detok.model.vocabulary import Vocabulary

DEFAULT_MEMORY = 1 << 30
# The least memory that a process can count with: a batch of encoded texts takes about as much.
MIN_MEMORY = 1 << 24


@dataclass(frozen=True)
class Summary:
    """What a count over files has come to.

    `problems` are what was left out: kind, how many, and where one of them is.
    """

    documents: int
    tokens: int
    pairs: int
    problems: list[tuple[str, int, str]]


def count_files(
    paths: Iterable[Path | str],
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
    """Counts the tokens and pairs of text files into a file that `Counts.load` reads.

    The files, and those of folders, are `.txt` (one document a file), `.jsonl` and `.parquet` (one
    document a line or row, in `column`); the first two also as `.gz` or `.zst`. What cannot be read
    in them is left out and summed up in the result.

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
    out = Path(out)
    vocabulary, name = vocabulary_of(tokenizer)
    _check(out, memory, workers, min_count)
    paths = [Path(path) for path in paths]
    total = State()
    parts = [p for f in files.files_in(paths) for p in files.parts_of(f, column, total.report)]
    settings = {
        "format": "1",
        "tokenizer": vocabulary.sha256,
        "column": column,
        "files": _digest(parts),
        "date": today(),
    }
    folder = WorkFolder(out, settings)
    try:
        with _stopping() as stop:
            _count_parts(parts, folder, vocabulary, column, memory, workers, progress, stop)
            for state in folder.states():
                total.add(state)
            if not total.documents:
                folder.remove()
                raise InputError(_nothing(total))
            known = {
                "corpus": corpus or ", ".join(path.name or str(path) for path in paths),
                "tokenizer": name,
                "date": folder.date,
                "note": note,
                "left_out": "; ".join(f"{n} {kind}" for kind, n, _ in _listed(total)),
            }
            known = {key: value for key, value in known.items() if value}
            pairs = _merge(folder, out, vocabulary, total, memory, min_count, known, stop)
            folder.remove()
    finally:
        folder.close()
    return Summary(total.documents, total.tokens, pairs, _listed(total))


def _check(out: Path, memory: int, workers: int, min_count: int) -> None:
    if workers < 1:
        raise InputError(f"workers is {workers}; expected at least 1")
    if min_count < 1:
        raise InputError(f"min_count is {min_count}; expected at least 1")
    if memory < MIN_MEMORY * workers:
        raise InputError(
            f"memory is {memory} bytes; expected at least {MIN_MEMORY * workers}, 16 MiB for each "
            f"of {workers} processes"
        )
    if out.exists():
        raise InputError(f"{out} is there already; delete it, or choose another file")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder; expected one to write {out.name} into")


def _digest(parts: list[files.Part]) -> str:
    """A hash of what is to be counted, which a file that is changed meanwhile changes too."""
    digest = hashlib.sha256()
    for part in parts:
        now = part.path.stat()
        known = [str(part.path), part.start, part.stop, now.st_size, now.st_mtime_ns]
        digest.update(json.dumps(known).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that an interruption sets; a second interruption ends the program at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def interrupted(number: int, frame: object) -> None:
        stop.set()
        for known, handler in before.items():
            signal.signal(known, handler)

    before = {n: signal.signal(n, interrupted) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(folder: WorkFolder, tokens: int) -> KeyboardInterrupt:
    return KeyboardInterrupt(
        f"stopped; {tokens:,} tokens are counted and kept in {folder.path}, and the same command "
        "goes on from there"
    )


def _count_parts(
    parts: list[files.Part],
    folder: WorkFolder,
    vocabulary: Vocabulary,
    column: str,
    memory: int,
    workers: int,
    progress: Callable[[Progress], None] | None,
    stop: threading.Event,
) -> None:
    """Counts what no run covers yet; on return every part is in a run."""
    tasks = {n: Task(n, part) for n, part in enumerate(parts)}
    tokens = 0
    for state in folder.states():
        tokens += state.tokens
        if state.at is not None and state.at[0] in tasks:
            n, position, last = state.at
            tasks[n] = Task(n, parts[n], position, last)
        for n in state.done:
            tasks.pop(n, None)
    meter = Meter(parts, list(tasks.values()), tokens, progress)

    def receive(message: tuple) -> None:
        if message[0] == "run":
            folder.keep(message[1])
        else:
            meter.update(*message[1:])

    # The largest first, so that the last one does not keep the others waiting.
    waiting = sorted(tasks.values(), key=lambda task: -task.part.size)
    arguments = (waiting, Encoder.of(vocabulary), column, folder.path, memory, receive, stop)
    workers = min(workers, len(waiting))
    if workers > 1:
        work_in_processes(workers, *arguments)
    else:
        work_here(*arguments)
    if stop.is_set():
        raise _interrupt(folder, meter.tokens)


def _merge(
    folder: WorkFolder,
    out: Path,
    vocabulary: Vocabulary,
    total: State,
    memory: int,
    min_count: int,
    known: dict[str, str],
    stop: threading.Event,
) -> int:
    """Writes the table of all runs; gives the number of its pairs."""
    V = len(vocabulary)
    tokens = np.zeros(V, dtype=np.int64)
    for run in folder.runs:
        tokens += np.fromfile(run / "tokens", np.int64)
    provenance = provenance_of(vocabulary, total.documents, tokens, known)
    pairs = 0
    new = folder.path / "table.parquet"
    with Writer(new, tokens, min_count, provenance) as file:
        for portion in merged([RunFile(run, V) for run in folder.runs], memory):
            if stop.is_set():
                raise _interrupt(folder, total.tokens)
            kept = portion.counts >= min_count
            current, past = np.divmod(portion.keys[kept], portion.keys.dtype.type(V))
            file.write(current.astype(np.int64), past, portion.counts[kept])
            pairs += int(kept.sum())
    os.replace(new, out)
    return pairs


def _listed(total: State) -> list[tuple[str, int, str]]:
    return [(kind, n, where) for kind, (n, where) in sorted(total.problems.items())]


def _nothing(total: State) -> str:
    found = "; ".join(f"{n} {kind} (such as {where})" for kind, n, where in _listed(total))
    return f"found no document to count ({found or 'no lines'}); expected at least one"
