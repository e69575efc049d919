"""How far a command has come, in a line."""

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from detok.counting.progress import Progress

_TERMINAL_EVERY_S, _FILE_EVERY_S = 0.2, 30.0


class ProgressLine:
    """One line that is written over on a terminal, and a line now and then in a file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._every = _TERMINAL_EVERY_S if self._is_terminal else _FILE_EVERY_S
        self._last = time.monotonic()

    def show(self, progress: "Progress") -> None:
        if time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        left = progress.seconds_left
        line = (
            f"{_bar(progress.share)} {progress.share:4.0%}  {progress.tokens:,} tokens, "
            f"{progress.tokens_per_second:,.0f} a second"
            + (f", {duration(left)} left" if left is not None else "")
        )
        self._stream.write(f"\r\x1b[K{line}" if self._is_terminal else f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        if self._is_terminal:
            self._stream.write("\r\x1b[K")


def _bar(share: float, width: int = 20) -> str:
    done = round(share * width)
    return "█" * done + "░" * (width - done)


def duration(seconds: float) -> str:
    """Such as "12 s", "5 min" or "2 h 10 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
