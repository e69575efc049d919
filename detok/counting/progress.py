"""How far a count has come."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from detok.counting.messages import Counted, Task
from detok.counting.parts import Part
from detok.counting.shards import Shard


@dataclass(frozen=True)
class Progress:
    """How far a count over files has come."""

    share: float  # of the bytes
    tokens: int  # with those of earlier calls
    tokens_per_second: float  # in this call
    seconds_left: float | None  # None at first


class Meter:
    """Turns what the workers report into progress."""

    def __init__(
        self,
        parts: list[Part | Shard],
        tasks: list[Task],
        tokens: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.tokens = self._tokens_before = tokens
        self._parts, self._progress = parts, progress
        self._total = sum(part.size for part in parts) or 1
        self._done = self._total - sum(task.part.size for task in tasks)
        self._begun = {task.number: 0.0 for task in tasks if task.position}
        self._shares: dict[int, float] = {}
        self._start = time.monotonic()
        self._done_before = self._done

    def update(self, more: Counted) -> None:
        number, share = more.number, more.share
        self.tokens += more.tokens
        before = self._shares.get(number)
        if before is None:
            # What an earlier call has counted of the part comes at once, and is not this call's.
            before = 0.0
            if number in self._begun:
                self._done_before += self._parts[number].size * share
        self._done += self._parts[number].size * (share - before)
        self._shares[number] = share
        if self._progress is None:
            return
        seconds = max(time.monotonic() - self._start, 1e-9)
        rate = (self._done - self._done_before) / seconds
        left = (self._total - self._done) / rate if rate > 0 and seconds > 1 else None
        per_second = (self.tokens - self._tokens_before) / seconds
        share = min(1.0, self._done / self._total)
        self._progress(Progress(share, self.tokens, per_second, left))
