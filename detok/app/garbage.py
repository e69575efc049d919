"""Collecting garbage without going through all that stays.

Streamlit has all garbage collected after every run of a page, which goes through every object that
was not frozen: modules, and what is kept for all visitors. That took longer than the run itself.
"""

import gc
import time

# Of processor time; what a collection leaves is frozen if it took longer.
LONG_S = 0.004
# What was frozen may have become garbage: after so many times, the next collection has it all.
TIMES = 8


class _Watch:
    """Is told when collections begin and end."""

    def __init__(self) -> None:
        self.begun, self.times = 0.0, 0

    def __call__(self, phase: str, of: dict[str, int]) -> None:
        if of["generation"] < 2:
            return
        if phase == "start":
            self.begun = time.thread_time()
        elif time.thread_time() - self.begun > LONG_S:
            self.times += 1
            (gc.freeze if self.times % TIMES else gc.unfreeze)()


def watch() -> None:
    """From now on, what a long collection leaves is passed over by those that follow."""
    if not any(isinstance(one, _Watch) for one in gc.callbacks):
        gc.callbacks.append(_Watch())


def collect() -> None:
    """Collects all garbage, also of what was frozen, and freezes the rest."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
