"""A long computation in a thread of its own, which many can watch and anyone can cancel."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

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

    def __init__(self, result: T | None = None) -> None:
        """`result` is for a job that somebody did before."""
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
            self.state, self.done, self.total = "waiting", 0, 1
            self._cancelled.clear()
        threading.Thread(target=self._run, args=(compute,), daemon=True).start()

    def cancel(self) -> None:
        """Asks it to end at its next sign of progress; the result is then nobody's."""
        self._cancelled.set()

    def _report(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._cancelled.is_set():
            raise _Cancelled

    def _run(self, compute: Compute[T]) -> None:
        try:
            while not _TURN.acquire(timeout=0.2):
                self._report(0, 1)
            try:
                self.state, self._begun = "running", time.monotonic()
                self.result = compute(self._report)
            finally:
                _TURN.release()
            self.state = "done"
        except _Cancelled:
            self.state = "cancelled"
        except Exception:
            # Not kept: its traceback would hold what was computed with.
            logging.getLogger(__name__).exception("a job failed")
            self.state = "failed"
