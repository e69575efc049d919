"""What happens on the server, a line of JSON for each event, on its standard error.

Never what a visitor has typed: a refused input is told by the place in the code that refused it.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOGGER = logging.getLogger("detok")
_PACKAGE = Path(__file__).parents[2]
# What takes longer is in the log.
SLOW_S = 2.0


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        of = getattr(record, "of", None) or {"message": record.getMessage()}
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = {"time": at, "level": record.levelname.lower(), **of}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def begin() -> None:
    """From now on there are such lines."""
    if not any(isinstance(handler.formatter, _Lines) for handler in _LOGGER.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Lines())
        _LOGGER.addHandler(handler)
        _LOGGER.setLevel(logging.INFO)


def event(name: str, **of: object) -> None:
    """One line."""
    said = " ".join(f"{key}={value}" for key, value in of.items())
    _LOGGER.info("%s %s", name, said, extra={"of": {"event": name, **of}})


def refused(error: Exception) -> None:
    """An input that was refused: which lines of detok did, and not what it was."""
    at, where = error.__traceback__, ""
    while at is not None:
        code = at.tb_frame.f_code
        path = Path(code.co_filename)
        if path.is_relative_to(_PACKAGE / "detok"):
            where = f"{path.relative_to(_PACKAGE)}:{at.tb_lineno} {code.co_name}"
        at = at.tb_next
    event("refused", reason=type(error).__name__, where=where)


@contextmanager
def timed(name: str, least: float = SLOW_S, **of: object) -> Iterator[None]:
    """Notes what took at least so many seconds, whichever way it ended."""
    begun, cpu = time.monotonic(), time.thread_time()
    try:
        yield
    finally:
        seconds = time.monotonic() - begun
        if seconds >= least:
            used = round(time.thread_time() - cpu, 3)
            event(name, seconds=round(seconds, 3), cpu_seconds=used, **of)
