"""What this process opens, as Python tells it: files, sockets and other programs.

What a library opens by itself in another language is not told.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_watching: list[list[tuple[str, str]]] = []
_FILES = ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir")
_OTHERS = (
    *("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"),
)


def _hear(event: str, args: tuple) -> None:
    if not _watching or event not in (*_FILES, *_OTHERS):
        return
    if event in _FILES:
        if not isinstance(args[0], str | bytes | os.PathLike):
            return  # by the number of what is open already, or the folder that one is in
        what = os.path.realpath(os.fsdecode(args[0]))
    else:
        what = repr(args)
    for heard in _watching:
        heard.append((event, what))


@contextmanager
def watching() -> Iterator[list[tuple[str, str]]]:
    """A list of (event, path or arguments) that grows meanwhile, whichever thread does it."""
    if not getattr(_hear, "is_there", False):
        sys.addaudithook(_hear)  # which cannot be taken back
        _hear.is_there = True
    heard: list[tuple[str, str]] = []
    _watching.append(heard)
    try:
        yield heard
    finally:
        _watching.remove(heard)


def files(heard: list[tuple[str, str]]) -> set[str]:
    return {what for event, what in heard if event in _FILES}


def others(heard: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(event, what) for event, what in heard if event not in _FILES]
