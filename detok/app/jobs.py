"""A long computation in a thread of its own, which many can watch and anyone can cancel."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Literal, TypeVar

from detok.errors import InputError

T = TypeVar("T")
# It gets a callback of (done, total), through which a cancelled job ends.
Compute = Callable[[Callable[[int, int], None]], T]
State = Literal["idle", "waiting", "running", "done", "cancelled", "failed"]
# One job at a time: two would take twice as long each, and memory for both.
_TURN = threading.Lock()


class _Cancelled(Exception):
    pass


class Job(Generic[T]):
    """One result, computed once, however many ask for it.

    A job that was cancelled, or failed, can be started again. What it computes with is its own
    only while it runs: a job that is kept holds nothing but its result.
    """

    def __init__(self, result: T | None = None, *, computes: bool = True) -> None:
        """`result` is for a job that somebody did before; one that only waits for others, such as a
        download, does not wait for its turn to compute.
        """
        self._computes = computes
        self._thread: threading.Thread | None = None
        self.refusal = ""  # the sentence that says why it failed
        self._lock, self._cancelled = threading.Lock(), threading.Event()
        self.result = result
        self.state: State = "idle" if result is None else "done"
        self.done, self.total = 0, 1
        self._begun = 0.0

    @property
    def is_under_way(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes if it goes on as until now; None before anything is done."""
        if self.state != "running" or not self.done:
            return None
        return (time.monotonic() - self._begun) * (self.total - self.done) / self.done

    def start(self, compute: Compute[T]) -> None:
        """Starts to compute, unless it is under way or done."""
        with self._lock:
            if self.is_under_way or self.state == "done":
                return
            self.state, self.done, self.total, self.refusal = "waiting", 0, 1, ""
            self._cancelled.clear()
            self._thread = threading.Thread(target=self._run, args=(compute,), daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Waits so long at most for a job that is under way to end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def cancel(self) -> None:
        """Asks it to end at its next sign of progress; the result is then nobody's."""
        self._cancelled.set()

    def _report(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._cancelled.is_set():
            raise _Cancelled

    @contextmanager
    def _its_turn(self) -> Iterator[None]:
        if self._computes:
            while not _TURN.acquire(timeout=0.2):
                self._report(0, 1)
        try:
            yield
        finally:
            if self._computes:
                _TURN.release()

    def _run(self, compute: Compute[T]) -> None:
        try:
            with self._its_turn():
                self.state, self._begun = "running", time.monotonic()
                self.result = compute(self._report)
            self.state = "done"
        except _Cancelled:
            self.state = "cancelled"
        except InputError as error:
            self.refusal = str(error)
            self.state = "failed"
        except Exception:
            # Not kept: its traceback would hold what was computed with.
            logging.getLogger(__name__).exception("a job failed")
            self.refusal = "an error that nobody expected; the server's log has it"
            self.state = "failed"
