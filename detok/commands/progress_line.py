"""How far a command has come, in a line."""

import time
from typing import TextIO

_TERMINAL_EVERY_S, _FILE_EVERY_S = 0.2, 30.0


class ProgressLine:
    """One line that is written over on a terminal, and a line now and then in a file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._every = _TERMINAL_EVERY_S if self._is_terminal else _FILE_EVERY_S
        self._last = time.monotonic()

    def show(self, share: float, done: str, seconds_left: float | None) -> None:
        """Writes a share and what is done, such as "3 tokens", unless it did so just now."""
        if time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        left = f", {duration(seconds_left)} left" if seconds_left is not None else ""
        line = f"{_bar(share)} {share:4.0%}  {done}{left}"
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
