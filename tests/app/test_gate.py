"""The gate: so many at once, in their order, and whoever gives up leaves the queue."""

import threading
import time

import pytest

from detok.app.gate import Gate


def until(true: object) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("at_once", [1, 2])
def test_so_many_at_once_in_the_order_in_which_they_came(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_HEAVY", str(at_once))
    gate, going, order, before = Gate(), threading.Semaphore(0), [], {}

    def work(n: int) -> None:
        with gate.turn(lambda ahead: before.setdefault(n, ahead)):
            order.append(n)
            going.acquire(timeout=20)

    threads = []
    for n in range(5):
        threads.append(threading.Thread(target=work, args=(n,)))
        threads[-1].start()
        until(lambda n=n: sum(gate.load) == n + 1 and (n < at_once or n in before))
    assert gate.load == (at_once, 5 - at_once)
    assert before == {n: n for n in range(at_once, 5)}
    for n in range(5):
        until(lambda n=n: len(order) >= min(5, n + at_once))
        assert gate.load[0] <= at_once
        going.release()
    for thread in threads:
        thread.join(20)
    assert order == list(range(5))
    assert gate.load == (0, 0)


def test_who_gives_up_leaves_the_queue() -> None:
    gate = Gate()

    def give_up(before: int) -> None:
        raise KeyError(before)

    with gate.turn():
        caught = []

        def work() -> None:
            try:
                with gate.turn(give_up):
                    pass
            except KeyError as error:
                caught.append(error.args)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(20)
        assert caught == [(1,)]
        assert gate.load == (1, 0)
    assert gate.load == (0, 0)


def test_who_is_inside_does_not_wait_for_itself() -> None:
    gate = Gate()
    with gate.turn(), gate.turn():
        assert gate.load == (1, 0)
    assert gate.load == (0, 0)
