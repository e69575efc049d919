"""Blocks of work side by side: in order, each in a thread of its own, with nothing left behind."""

import threading

import pytest
import torch

from detok.model.threads import n_threads, side_by_side

CPU = torch.device("cpu")


def test_results_come_in_order_and_from_several_threads() -> None:
    together = threading.Barrier(n_threads(), timeout=30)

    def work(block: int) -> tuple[int, str]:
        together.wait()
        return block, threading.current_thread().name

    blocks, names = zip(*side_by_side(work, range(n_threads()), CPU), strict=True)
    assert blocks == tuple(range(n_threads()))
    assert len(set(names)) == n_threads()


def test_a_product_is_not_shared_out_and_has_no_gradient() -> None:
    weight = torch.ones(2, 2, requires_grad=True)

    def work(_: int) -> tuple[int, bool]:
        return torch.get_num_threads(), (weight @ weight).requires_grad

    before = torch.get_num_threads()
    assert set(side_by_side(work, range(4), CPU)) == {(1, False)}
    assert torch.get_num_threads() == before
    after: list[int] = []
    thread = threading.Thread(target=lambda: after.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert after == [before]


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda block: 1 / block, [1, 0], CPU)
