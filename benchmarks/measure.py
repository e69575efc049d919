"""Time and memory of a function, the same way for everything that is compared."""

import ctypes
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

PAGE = resource.getpagesize()


def medians_ms(functions: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median wall-clock time of each function's calls in milliseconds, after two that do not count.

    The functions take turns, so that a change in the machine's speed meets them all alike.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats + 2):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: 1000 * statistics.median(seconds[2:]) for name, seconds in times.items()}


def median_ms(function: Callable[[], object], repeats: int) -> float:
    """`medians_ms` of one function."""
    return medians_ms({"": function}, repeats)[""]


def on_a_server(
    functions: dict[str, Callable[[], object]], repeats: int
) -> dict[str, dict[str, float]]:
    """`medians_ms` alone, in a second thread, and there beside two other busy processes."""

    def in_a_thread() -> dict[str, float]:
        with ThreadPoolExecutor(1) as thread:
            work = torch.inference_mode()(medians_ms)
            return thread.submit(work, functions, repeats).result()

    times = {"alone": medians_ms(functions, repeats), "in a second thread": in_a_thread()}
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        times["beside two busy processes"] = medians_ms(functions, repeats)
        times["in a second thread beside them"] = in_a_thread()
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return times


def resident_mb() -> float:
    """Memory of this process that is resident now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def extra_mb(function: Callable[[], object]) -> float:
    """How far the resident memory rises during a call above where it stood before, in MB.

    Memory that was freed earlier but is still held by the allocator is given back first (Linux).
    """
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    before, peak, done = resident_mb(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = function()  # held until the peak is read: what it returns counts too
    peak[0] = max(peak[0], resident_mb())
    done.set()
    watcher.join()
    del result
    return peak[0] - before
