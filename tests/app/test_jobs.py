"""Jobs: once for all who want it, as long as somebody does, in turn, started again."""

import logging
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from detok.app import jobs, visitors
from detok.app.jobs import Job, Progress
from detok.app.visitors import Visitor

As = Callable[[Visitor], None]


@pytest.fixture
def by(monkeypatch: pytest.MonkeyPatch) -> As:
    """Has what follows be done by a visitor."""
    return lambda visitor: monkeypatch.setattr(visitors, "me", lambda: visitor)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "GRACE_S", 0.1)


def going_on(report: Progress) -> None:
    """A computation that does not end by itself."""
    for done in range(4000):
        report(done, 4000)
        time.sleep(0.005)
    raise AssertionError("nothing has ended it")


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def wait(job: Job) -> None:
    deadline = time.monotonic() + 20
    while job.is_under_way:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_computes_once_however_many_ask() -> None:
    calls = []

    def compute(report: Progress) -> str:
        calls.append(1)
        report(1, 2)
        return "computed"

    job = Job()
    assert job.state == "idle"
    for _ in range(3):
        job.start(compute)
        wait(job)
    assert (job.state, job.result, job.done, job.total, len(calls)) == ("done", "computed", 1, 2, 1)


def test_a_cancelled_job_has_no_result_and_starts_again() -> None:
    going, ready = threading.Event(), threading.Event()

    def compute(report: Progress) -> str:
        report(1, 2)
        ready.set()
        going.wait(20)
        report(2, 2)
        return "computed"

    job = Job()
    job.start(compute)
    assert ready.wait(20)
    assert job.is_under_way
    job.cancel()
    going.set()
    wait(job)
    assert (job.state, job.result) == ("cancelled", None)
    job.start(compute)
    wait(job)
    assert (job.state, job.result) == ("done", "computed")


def test_a_failure_is_in_the_log_and_the_job_starts_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def compute(report: Progress) -> str:
        raise ValueError("no such number")

    job = Job()
    job.start(compute)
    wait(job)
    assert job.state == "failed"
    assert "no such number" in caplog.text
    assert job.refusal.startswith("an error that nobody expected")
    job.start(lambda report: "computed")
    wait(job)
    assert job.result == "computed"


def test_the_second_job_waits_for_the_first_and_can_be_cancelled_meanwhile() -> None:
    going, ready = threading.Event(), threading.Event()

    def compute(report: Progress) -> bool:
        ready.set()
        return going.wait(20)

    first, second, third = Job(), Job(), Job()
    first.start(compute)
    assert ready.wait(20)
    second.start(lambda report: "second")
    third.start(lambda report: "third")
    third.cancel()
    wait(third)
    assert (second.state, third.state) == ("waiting", "cancelled")
    going.set()
    wait(second)
    assert (first.state, second.result) == ("done", "second")


def test_a_result_from_before_needs_no_computation() -> None:
    job = Job("from before")
    job.start(lambda report: 1 / 0)
    assert (job.state, job.result) == ("done", "from before")


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_that_has_ended_holds_nothing_that_it_computed_with(
    fails: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "detok.app.jobs")  # what is logged is held by pytest

    class Weights:
        pass

    def start(job: Job) -> weakref.ref:
        weights = Weights()

        def compute(report: Progress) -> str:
            if fails:
                raise ValueError(str(weights))
            return str(weights)

        job.start(compute)
        return weakref.ref(weights)

    job = Job()
    weights = start(job)
    wait(job)
    deadline = time.monotonic() + 20
    while weights() is not None:  # the thread ends a moment after the job
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_goes_on_until_all_who_want_it_have_cancelled(by: As) -> None:
    job, (first, second, other) = Job(), (Visitor(str(n)) for n in range(3))
    for visitor in (first, second):
        by(visitor)
        job.start(going_on)
        assert job.is_wanted
    by(other)
    assert not job.is_wanted
    job.cancel()  # of one who never asked
    by(first)
    job.cancel()
    assert job.was_cancelled
    until(lambda: job.done > 20)
    time.sleep(0.2)
    assert job.state == "running"
    by(second)
    assert job.is_wanted
    assert not job.was_cancelled
    job.cancel()
    wait(job)
    assert (job.state, job.result) == ("cancelled", None)


@pytest.mark.usefixtures("quickly")
def test_it_ends_when_the_last_who_wanted_it_looks_at_something_else(by: As) -> None:
    job, (first, second) = Job(), (Visitor(str(n), ("Heads", "mini")) for n in range(2))
    for visitor in (first, second):
        by(visitor)
        job.start(going_on)
    first.view = ("Heads", "gpt2")
    time.sleep(0.5)
    assert job.state == "running"
    second.view = ("Overview", "mini")
    wait(job)
    assert (job.state, job.result) == ("idle", None)
    by(first)
    assert not job.was_cancelled


@pytest.mark.usefixtures("quickly")
def test_whoever_sees_it_on_another_page_still_wants_it(by: As) -> None:
    job, visitor = Job(), Visitor("a", ("Overview", "mini"))
    by(visitor)
    job.start(going_on)
    visitor.view = ("Heads", "mini")
    assert job.stay()
    time.sleep(0.5)
    assert job.state == "running"
    job.cancel()
    assert not job.stay()
    wait(job)


@pytest.mark.usefixtures("quickly")
def test_it_ends_when_the_tab_is_closed_but_not_for_a_moment_without_a_connection(
    by: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = [True]
    monkeypatch.setattr(Visitor, "is_here", lambda visitor: connected[0])
    job = Job()
    by(Visitor("a"))
    job.start(going_on)
    connected[0] = False
    time.sleep(0.03)
    connected[0] = True
    time.sleep(0.3)
    assert job.state == "running"
    connected[0] = False
    wait(job)
    assert job.state == "idle"


def test_a_visitor_wants_one_at_a_time(by: As) -> None:
    first, second, visitor = Job(), Job(), Visitor("a")
    by(visitor)
    first.start(going_on)
    second.start(lambda report: "second")
    wait(second)
    wait(first)
    assert (first.state, second.result) == ("idle", "second")
    assert visitor.job is None


def test_who_asks_while_it_is_ending_gets_it_all_the_same(by: As) -> None:
    going, ready = threading.Event(), threading.Event()

    def compute(report: Progress) -> str:
        report(1, 2)
        ready.set()
        going.wait(20)
        report(2, 2)
        return "computed"

    job = Job()
    by(Visitor("a"))
    job.start(compute)
    assert ready.wait(20)
    job.cancel()
    assert job._ends()
    by(Visitor("b"))
    job.start(compute)
    going.set()
    until(lambda: not job.is_under_way)
    assert job.result == "computed"


def test_one_that_is_ended_from_without_can_be_asked_for_again() -> None:
    job = Job()
    job.start(going_on)
    job.end()
    wait(job)
    assert job.state == "idle"
    assert not job.was_cancelled
