"""Shares the parts of a corpus out between processes that count."""

import contextlib
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from threading import Event
from typing import Any

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
from detok.counting.workers import serve
from detok.errors import InputError


def work_in_processes(
    plan: Plan, tasks: list[Task], receive: Callable[[Message], None], stop: Event
) -> None:
    """Counts the tasks in the plan's processes, which share the memory.

    Raises: InputError if one of them met a file that cannot be read, or died; OSError if one could
    not write.
    """
    waiting = iter(tasks)
    told: set[Connection] = set()
    errors: list[Exception] = []
    processes = _started(plan)
    try:
        while processes:
            if stop.is_set() or errors:
                for connection in set(processes) - told:
                    told.add(connection)
                    _tell(connection, None)
            for connection in wait(list(processes), timeout=0.2):
                match _received(connection):
                    case Idle():
                        if connection in told:
                            continue
                        task = next(waiting, None)
                        _tell(connection, task)
                        if task is None:
                            told.add(connection)
                    case Counted() | Written() as message:
                        receive(message)
                    case last:
                        errors += _errors(last)
                        processes.pop(connection).join()
                        connection.close()
    finally:
        for process in processes.values():
            process.terminate()
            process.join()
    if errors:
        raise errors[0]


def _started(plan: Plan) -> dict[Connection, Any]:
    # Forking a process that has threads, as Arrow's and PyTorch's, can hang; a server forks from
    # one that has none, and has imported once for all what takes long.
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload([serve.__module__])
    own = replace(plan, memory=plan.memory // plan.workers)
    processes: dict[Connection, Any] = {}
    for _ in range(plan.workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, own), daemon=True)
        process.start()
        theirs.close()
        processes[ours] = process
    return processes


def _tell(connection: Connection, task: Task | None) -> None:
    with contextlib.suppress(OSError):  # if it died, which `wait` reports
        connection.send(task)


def _received(connection: Connection) -> Message | None:
    """What a process says; None if it died."""
    try:
        return connection.recv()
    except (EOFError, ConnectionError):
        return None


def _errors(last: Message | None) -> list[Exception]:
    """What a process that says no more has met."""
    match last:
        case Ended():
            return []
        case Refused(sentence):
            return [InputError(sentence)]
        case Unwritten(error):
            return [error]
        case Failed(trace):
            return [RuntimeError(f"in a counting process:\n{trace}")]
    return [
        InputError(
            "a counting process ended before its time, perhaps for want of memory; what it had "
            "put down is kept, and the same call goes on from there"
        )
    ]
