"""The line of progress, on a terminal and in a file."""

import io

import pytest

from detok.commands import progress_line
from detok.commands.progress_line import ProgressLine, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_line, "_TERMINAL_EVERY_S", 0)
    monkeypatch.setattr(progress_line, "_FILE_EVERY_S", 0)


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_the_line(stream: io.StringIO) -> None:
    line = ProgressLine(stream)
    line.show(0.0, "0 tokens", None)
    line.show(0.5, "1,234,567 tokens", 100)
    line.end()
    first = "░" * 20 + "   0%  0 tokens"
    second = "█" * 10 + "░" * 10 + "  50%  1,234,567 tokens, 2 min left"
    over = "\r\x1b[K"
    expected = f"{over}{first}{over}{second}{over}" if stream.isatty() else f"{first}\n{second}\n"
    assert stream.getvalue() == expected


def test_not_every_call_writes_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_line, "_FILE_EVERY_S", 1000)
    stream = io.StringIO()
    ProgressLine(stream).show(0.5, "1 token", None)
    assert not stream.getvalue()


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 89, 90, 5000, 5400, 36_000)] == [
        "0 s",
        "89 s",
        "2 min",
        "83 min",
        "1 h 30 min",
        "10 h 0 min",
    ]
