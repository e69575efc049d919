"""Counts the parts of a corpus, in this process or in several."""

import contextlib
import itertools
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from detok.counting.encoding import Encoder, batches
from detok.counting.files import Part
from detok.counting.pieces import pieces
from detok.counting.work_folder import State, write_run
from detok.errors import InputError

# What was counted is put down at least this often: so much is lost if a process is killed.
KEEP_EVERY_S = 60.0


class Task(NamedTuple):
    """A part to count, from a position on."""

    number: int
    part: Part
    position: int = 0
    last: int | None = None  # the token before the position, if a pair continues there


class Worker:
    """Counts parts one after the other and puts down runs.

    `send` gets ("progress", tokens more, number of the part, share of it) and ("run", name of the
    folder that holds it). Nothing is known to be kept before the receiver has kept it.
    """

    def __init__(
        self,
        encoder: Encoder,
        column: str,
        folder: Path,
        memory: int,
        send: Callable[[tuple], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._encoder, self._column, self._folder = encoder, column, folder
        self._send, self._is_stopped = send, is_stopped
        self._counter = encoder.counter(memory)
        self._state = State()
        self._names = (f"new-{os.getpid()}-{n}" for n in itertools.count())
        self._kept_at = time.monotonic()

    def count(self, task: Task) -> bool:
        """Counts a part; False if it was told to stop before the end."""
        last = task.last
        found = pieces(
            task.part, self._column, task.position, self._encoder.cuts, self._state_report
        )
        for batch in batches(found):
            before = self._counter.total
            last = self._encoder.add(batch, self._counter, last)
            new = self._counter.total - before
            self._state.documents += sum(piece.is_new_document for piece in batch)
            self._state.tokens += new
            end = batch[-1]
            self._send(("progress", new, task.number, end.done))
            if end.position is None:  # within a document, from where one cannot go on
                continue
            self._state.at = (task.number, end.position, last)
            if self._is_stopped():
                return False
            if self._counter.is_full or time.monotonic() - self._kept_at > KEEP_EVERY_S:
                self.keep()
        self._state.done.append(task.number)
        self._state.at = None
        self._send(("progress", 0, task.number, 1.0))
        return True

    def _state_report(self, problem: str, where: str) -> None:
        self._state.report(problem, where)

    def keep(self) -> None:
        """Puts down what was counted since the last time."""
        if self._state == State():
            return
        name = next(self._names)
        tokens, run = self._counter.take()
        write_run(self._folder / name, tokens, run, self._state, self._encoder.vocab_size)
        self._state = State()
        self._send(("run", name))
        self._kept_at = time.monotonic()


def work_here(
    tasks: list[Task],
    encoder: Encoder,
    column: str,
    folder: Path,
    memory: int,
    receive: Callable[[tuple], None],
    stop: Event,
) -> None:
    """Counts the tasks in this process."""
    worker = Worker(encoder, column, folder, memory, receive, stop.is_set)
    for task in tasks:
        if stop.is_set() or not worker.count(task):
            break
    worker.keep()


def work_in_processes(
    n: int,
    tasks: list[Task],
    encoder: Encoder,
    column: str,
    folder: Path,
    memory: int,
    receive: Callable[[tuple], None],
    stop: Event,
) -> None:
    """Counts the tasks in n processes, which share the memory.

    Raises: InputError if one of them met a file that cannot be read, or died.
    """
    # Forking a process that has threads, as Arrow's and PyTorch's, can hang; a server forks from
    # one that has none, and has imported what takes seconds once for all.
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload([__name__])
    waiting = iter(tasks)
    processes: dict[Connection, Any] = {}
    told: set[Connection] = set()
    errors: list[Exception] = []
    try:
        for _ in range(n):
            ours, theirs = context.Pipe()
            arguments = (theirs, encoder, column, folder, memory // n)
            process = context.Process(target=_serve, args=arguments, daemon=True)
            process.start()
            theirs.close()
            processes[ours] = process
        while processes:
            if stop.is_set() or errors:
                for connection in set(processes) - told:
                    told.add(connection)
                    _tell(connection, None)
            for connection in wait(list(processes), timeout=0.2):
                try:
                    message = connection.recv()
                except (EOFError, ConnectionError):
                    message = ("died",)
                if message[0] == "idle":
                    task = next(waiting, None) if connection not in told else None
                    if connection not in told:
                        _tell(connection, task)
                    if task is None:
                        told.add(connection)
                elif message[0] in ("progress", "run"):
                    receive(message)
                else:
                    errors += _errors(message)
                    processes.pop(connection).join()
                    connection.close()
    finally:
        for process in processes.values():
            process.terminate()
            process.join()
    if errors:
        raise errors[0]


def _tell(connection: Connection, task: Task | None) -> None:
    with contextlib.suppress(OSError):  # if it died, which `wait` reports
        connection.send(task)


def _errors(message: tuple) -> list[Exception]:
    match message:
        case ("end",):
            return []
        case ("refused", sentence):
            return [InputError(sentence)]
        case ("failed", trace):
            return [RuntimeError(f"in a counting process:\n{trace}")]
    return [
        InputError(
            "a counting process ended before its time, perhaps for want of memory; what it had "
            "put down is kept, and the same call goes on from there"
        )
    ]


def _serve(
    connection: Connection, encoder: Encoder, column: str, folder: Path, memory: int
) -> None:
    """The life of a counting process: asks for tasks until it gets None."""
    # An interruption from the keyboard reaches all processes; only the first one acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The processes are as many as there are cores to use.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        worker = Worker(encoder, column, folder, memory, connection.send, connection.poll)
        while True:
            connection.send(("idle",))
            task = connection.recv()
            if task is None or not worker.count(task):
                break
        worker.keep()
        connection.send(("end",))
    except (EOFError, ConnectionError):
        return  # the first process died; nobody keeps what comes now
    except InputError as error:
        connection.send(("refused", str(error)))
    except Exception:
        connection.send(("failed", traceback.format_exc()))
