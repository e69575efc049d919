"""A long computation in a thread of its own, for all who want it, as long as somebody does."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Literal, TypeVar
from weakref import WeakSet

from detok.app import gate, log, visitors
from detok.app.visitors import Visitor
from detok.errors import InputError
from detok.model import memory

T = TypeVar("T")
# It gets a callback of (done, total), through which a job that nobody wants ends; a total of None
# is not known.
Progress = Callable[[int, int | None], None]
Compute = Callable[[Progress], T]
State = Literal["idle", "waiting", "running", "done", "cancelled", "failed"]
# A page that is drawn anew, or a connection that breaks for a moment, is no farewell.
GRACE_S = 5.0


class _Ended(Exception):
    pass


class Job(Generic[T]):
    """One result, computed once, however many ask for it.

    Those who asked for it are those who want it; it ends when all of them have cancelled it, closed
    the tab or gone to another page or model. A visitor wants one job at a time. One that has ended
    without a result can be started again. What it computes with is its own only while it runs: a
    job that is kept holds nothing but its result.
    """

    def __init__(self, result: T | None = None, *, name: str = "", computes: bool = True) -> None:
        """`result` is for a job that somebody did before; one that only waits for others, such as a
        download, does not wait for its turn to compute. `name` is for the log.
        """
        self._name, self._computes = name, computes
        self._thread: threading.Thread | None = None
        self.refusal = ""  # the sentence that says why it failed
        self._lock = threading.Lock()
        self._wanted: dict[Visitor, tuple[str, ...]] = {}  # by whom, and the view they wanted it on
        self._cancelled: WeakSet[Visitor] = WeakSet()
        self._farewell: State = "idle"  # how the last of them went
        self._unseen_since: float | None = None
        self._ending: State | None = None  # as what it ends, once that cannot be undone
        self._again: Compute[T] | None = None
        self.result = result
        self.state: State = "idle" if result is None else "done"
        self.done, self.total = 0, 0
        self.n_before = 0  # in the queue
        self._begun = 0.0

    @property
    def is_under_way(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def is_wanted(self) -> bool:
        """Whether this visitor wants it, and it is under way."""
        return self.is_under_way and visitors.me() in self._wanted

    @property
    def is_unwanted(self) -> bool:
        """Whether nobody wants it, so that it is about to end."""
        return not self._wanted

    @property
    def was_cancelled(self) -> bool:
        """Whether this visitor has cancelled it, and not asked for it again."""
        return self.state != "done" and visitors.me() in self._cancelled

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes if it goes on as until now; None before anything is done."""
        if self.state != "running" or not self.done or not self.total:
            return None
        return (time.monotonic() - self._begun) * (self.total - self.done) / self.done

    def start(self, compute: Compute[T]) -> None:
        """The visitor wants it; starts to compute, unless it is under way or done."""
        visitor = visitors.me()
        if visitor.job is not self:
            leave(visitor)
        with self._lock:
            self._cancelled.discard(visitor)
            if self.state == "done":
                return
            self._wanted[visitor] = visitor.view
            visitor.job = self if visitor.session else None
            if self.is_under_way:
                self._again = compute if self._ending else None
                return
            self._begin(compute)

    def _begin(self, compute: Compute[T]) -> None:
        self.state, self.done, self.total, self.refusal = "waiting", 0, 0, ""
        self._begun = 0.0
        self._again = self._ending = self._unseen_since = None
        self._thread = threading.Thread(target=self._run, args=(compute,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Waits so long at most for a job that is under way to end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def cancel(self) -> None:
        """The visitor wants it no more; if nobody does, it ends at its next sign of progress."""
        visitor = visitors.me()
        with self._lock:
            self._wanted.pop(visitor, None)
            self._cancelled.add(visitor)
            self._farewell = "cancelled"

    def leave(self, visitor: Visitor) -> None:
        """As `cancel`, by somebody who looks at something else now."""
        with self._lock:
            self._wanted.pop(visitor, None)
            self._farewell = "idle"

    def stay(self) -> bool:
        """Whether this visitor, who sees it, wants it: then on this view, too."""
        visitor = visitors.me()
        with self._lock:
            if visitor in self._wanted:
                self._wanted[visitor] = visitor.view
            return visitor in self._wanted

    def end(self) -> None:
        """Ends it at its next sign of progress, whoever wants it: what it computes with goes."""
        with self._lock:
            self._ending = self._ending or "idle"

    def _ends(self) -> bool:
        """Whether it is to end; that cannot be undone."""
        with self._lock:
            if self._ending is None and not self._wanted:
                self._ending = self._farewell
            elif self._ending is None:
                now = time.monotonic()
                if any(who.is_here() and who.view == view for who, view in self._wanted.items()):
                    self._unseen_since = None
                elif self._unseen_since is None:
                    self._unseen_since = now
                elif now - self._unseen_since > GRACE_S:
                    self._ending = "idle"
            return self._ending is not None

    def _report(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total or 0
        if self._ends():
            raise _Ended

    def _waits(self, before: int) -> None:
        self.n_before = before
        if self._ends():
            raise _Ended

    @contextmanager
    def _its_turn(self) -> Iterator[None]:
        if not self._computes:
            yield
            return
        with gate.LONG.turn(self._waits):
            yield

    def _run(self, compute: Compute[T]) -> None:
        state: State = "failed"
        try:
            with self._its_turn():
                self.state, self._begun = "running", time.monotonic()
                self.result = compute(self._report)
            state = "done"
        except _Ended:
            state = self._ending or "idle"
        except InputError as error:
            self.refusal = str(error)
            log.refused(error)
        except Exception as error:
            # Not kept: its traceback would hold what was computed with.
            logging.getLogger(__name__).exception("a job failed")
            self.refusal = (
                "the server's memory was used up; expected a smaller model"
                if memory.is_out(error)
                else "an error that nobody expected; the server's log has it"
            )
        del compute
        seconds = round(time.monotonic() - self._begun, 3) if self._begun else 0.0
        kind = "computation" if self._computes else "download"
        log.event(kind, what=self._name, ended=state, seconds=seconds)
        with self._lock:
            self._end_as(state)

    def _end_as(self, state: State) -> None:
        if self._again is not None and state != "done":
            self._begin(self._again)
            return
        for visitor in self._wanted:
            if visitor.job is self:
                visitor.job = None
        self._wanted.clear()
        self._again = None
        self.state = state


def leave(visitor: Visitor, but: Job | None = None) -> None:
    """A visitor looks at something else now than the last job that was asked for."""
    job = visitor.job
    if job is not None and job is not but:
        visitor.job = None
        job.leave(visitor)
