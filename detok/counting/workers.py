"""Counts the parts of a corpus one after the other, in this process or for another one."""

import itertools
import os
import signal
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from threading import Event

from detok.counting.encoding import batches
from detok.counting.messages import (
    Counted,
    Ended,
    Failed,
    Idle,
    Message,
    Refused,
    Task,
    Unwritten,
    Written,
)
from detok.counting.plan import Plan
from detok.counting.reader import Reader
from detok.counting.runs import State, StoredRun
from detok.counting.shards import Shard, ShardReader
from detok.errors import InputError

# What was counted is put down at least this often: so much is lost if a process is killed.
KEEP_EVERY_S = 60.0


class Worker:
    """Counts parts one after the other and puts down runs.

    `send` gets `Counted` and `Written`. Nothing is known to be kept before the receiver has kept
    it.
    """

    def __init__(
        self, plan: Plan, send: Callable[[Message], None], is_stopped: Callable[[], bool]
    ) -> None:
        self._plan, self._send, self._is_stopped = plan, send, is_stopped
        self._tally = plan.encoder.tally(plan.memory)
        self._state = State()
        self._names = (f"new-{os.getpid()}-{n}" for n in itertools.count())
        self._kept_at = time.monotonic()

    def count(self, task: Task) -> bool:
        """Counts a part; False if it was told to stop before the end."""
        encoder, last = self._plan.encoder, task.last
        reading = ShardReader if isinstance(task.part, Shard) else Reader
        reader = reading(task.part, self._plan.column, encoder.cuts, self._report)
        for batch in batches(reader.pieces(task.position)):
            before = self._tally.total
            last = self._tally.add(batch, last)
            new = self._tally.total - before
            self._state.documents += sum(piece.is_new_document for piece in batch)
            self._state.tokens += new
            end = batch[-1]
            self._send(Counted(new, task.number, end.done))
            if end.position is None:  # within a document, from where one cannot go on
                continue
            self._state.at = (task.number, end.position, last)
            if self._is_stopped():
                return False
            if self._tally.is_full or time.monotonic() - self._kept_at > KEEP_EVERY_S:
                self.keep()
        self._state.done.append(task.number)
        self._state.at = None
        self._send(Counted(0, task.number, 1.0))
        return True

    def _report(self, problem: str, where: str) -> None:
        self._state.report(problem, where)

    def keep(self) -> None:
        """Puts down what was counted since the last time."""
        if self._state == State():
            return
        name = next(self._names)
        run = StoredRun(self._plan.folder / name, self._plan.encoder.vocab_size)
        run.write(*self._tally.take(), self._state)
        self._state = State()
        self._send(Written(name))
        self._kept_at = time.monotonic()


def work_here(
    plan: Plan, tasks: list[Task], receive: Callable[[Message], None], stop: Event
) -> None:
    """Counts the tasks in this process."""
    worker = Worker(plan, receive, stop.is_set)
    for task in tasks:
        if stop.is_set() or not worker.count(task):
            break
    worker.keep()


def serve(connection: Connection, plan: Plan) -> None:
    """The life of a counting process: asks for tasks until it gets None."""
    # An interruption from the keyboard reaches all processes; only the first one acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The processes are as many as there are cores to use.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        worker = Worker(plan, connection.send, connection.poll)
        while True:
            connection.send(Idle())
            task = connection.recv()
            if task is None or not worker.count(task):
                break
        worker.keep()
        connection.send(Ended())
    except (EOFError, ConnectionError):
        return  # the first process died; nobody keeps what comes now
    except InputError as error:
        connection.send(Refused(str(error)))
    except OSError as error:
        connection.send(Unwritten(error))
    except Exception:
        connection.send(Failed(traceback.format_exc()))
