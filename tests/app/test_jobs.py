"""Jobs: once for all, one at a time, cancelled for good, started again."""

import logging
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from detok.app.jobs import Job

Report = Callable[[int, int], None]


def wait(job: Job) -> None:
    deadline = time.monotonic() + 20
    while job.is_under_way:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_computes_once_however_many_ask() -> None:
    calls = []

    def compute(report: Report) -> str:
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

    def compute(report: Report) -> str:
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
    def compute(report: Report) -> str:
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

    def compute(report: Report) -> bool:
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

        def compute(report: Report) -> str:
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
