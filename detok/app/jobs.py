"""A long computation in a thread of its own, which many can watch and anyone can cancel."""

import threading
import time
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
State = Literal["idle", "waiting", "running", "done", "cancelled", "failed"]
# One job at a time: two would take twice as long each, and memory for both.
_TURN = threading.Lock()


class _Cancelled(Exception):
    pass


class Job(Generic[T]):
    """Computes one result, once, however many ask for it.

    `compute` gets a callback of (done, total), through which a cancelled job ends. A job that was
    cancelled, or failed, can be started again.
    """

    def __init__(
        self, compute: Callable[[Callable[[int, int], None]], T], result: T | None = None
    ) -> None:
        """`result` is for a job that somebody did before."""
        self._compute, self._lock = compute, threading.Lock()
        self._cancelled = threading.Event()
        self.result = result
        self.state: State = "idle" if result is None else "done"
        self.done, self.total = 0, 1
        self._begun = 0.0
        self.error: Exception | None = None

    @property
    def is_under_way(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes if it goes on as until now; None before anything is done."""
        if self.state != "running" or not self.done:
            return None
        return (time.monotonic() - self._begun) * (self.total - self.done) / self.done

    def start(self) -> None:
        """Starts, unless it is under way or done."""
        with self._lock:
            if self.is_under_way or self.state == "done":
                return
            self.state, self.done, self.total = "waiting", 0, 1
            self._cancelled.clear()
        threading.Thread(target=self._run, daemon=True).start()

    def cancel(self) -> None:
        """Asks it to end at its next sign of progress; the result is then nobody's."""
        self._cancelled.set()

    def _report(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._cancelled.is_set():
            raise _Cancelled

    def _run(self) -> None:
        try:
            while not _TURN.acquire(timeout=0.2):
                self._report(0, 1)
            try:
                self.state, self._begun = "running", time.monotonic()
                self.result = self._compute(self._report)
            finally:
                _TURN.release()
            self.state = "done"
        except _Cancelled:
            self.state = "cancelled"
        except Exception as error:
            self.error, self.state = error, "failed"
