"""Blocks of work side by side, each in a thread that shares its products with no other.

PyTorch shares every large operation out to threads of its own, which wait for each other at its
end: hundreds of times in one computation, and each time for as long as another process has one of
their cores. A block is shared out once.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

T = TypeVar("T")
R = TypeVar("R")

# More threads than this would wait for memory.
MAX_THREADS = 8


def side_by_side(work: Callable[[T], R], blocks: Iterable[T], device: torch.device) -> list[R]:
    """What `work` gives for each block, in their order; one after the other on a GPU.

    On the CPU as many blocks are under way as PyTorch has threads. Grad mode is a thread's own, and
    is off here.
    """
    if device.type != "cpu":
        return [work(block) for block in blocks]
    return list(_pool().map(torch.inference_mode()(work), blocks))


def n_threads() -> int:
    """How many blocks are under way at once."""
    return min(MAX_THREADS, torch.get_num_threads())


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads(), "detok", _alone)


def _alone() -> None:
    torch.get_num_threads()  # which reads the settings of a new thread, and would undo the limit
    threadpool_limits(1, user_api="openmp")
