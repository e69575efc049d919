"""Jobs: once for all, one at a time, cancelled for good, started again."""

import threading
import time
from collections.abc import Callable

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
        return "found"

    job = Job(compute)
    assert job.state == "idle"
    for _ in range(3):
        job.start()
        wait(job)
    assert (job.state, job.result, job.done, job.total, len(calls)) == ("done", "found", 1, 2, 1)


def test_a_cancelled_job_has_no_result_and_starts_again() -> None:
    going, ready = threading.Event(), threading.Event()

    def compute(report: Report) -> str:
        report(1, 2)
        ready.set()
        going.wait(20)
        report(2, 2)
        return "found"

    job = Job(compute)
    job.start()
    assert ready.wait(20)
    assert job.is_under_way
    job.cancel()
    going.set()
    wait(job)
    assert (job.state, job.result) == ("cancelled", None)
    job.start()
    wait(job)
    assert (job.state, job.result) == ("done", "found")


def test_a_failed_job_keeps_its_error() -> None:
    def compute(report: Report) -> str:
        raise ValueError("no")

    job = Job(compute)
    job.start()
    wait(job)
    assert job.state == "failed"
    assert str(job.error) == "no"


def test_the_second_job_waits_for_the_first_and_can_be_cancelled_meanwhile() -> None:
    going, ready = threading.Event(), threading.Event()

    def compute(report: Report) -> bool:
        ready.set()
        return going.wait(20)

    first, second, third = Job(compute), Job(lambda report: "second"), Job(lambda report: "third")
    first.start()
    assert ready.wait(20)
    second.start()
    third.start()
    third.cancel()
    wait(third)
    assert (second.state, third.state) == ("waiting", "cancelled")
    going.set()
    wait(second)
    assert (first.state, second.result) == ("done", "second")


def test_a_result_from_before_needs_no_computation() -> None:
    job = Job(lambda report: 1 / 0, "from before")
    job.start()
    assert (job.state, job.result) == ("done", "from before")
