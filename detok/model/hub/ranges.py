"""Ranges of files of the hub, fetched side by side into one file, and taken up where they stopped.

`HfFileSystem` would do the same requests, one after the other or with 5 MB read ahead.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Any, BinaryIO

from detok.errors import NotDownloadable

# Called with the bytes that are here, and those wanted in all; what it raises ends the download.
Progress = Callable[[int, int], None]
# A connection of the hub alone does not fill most lines; more than this it would refuse.
AT_ONCE = 6
PIECE = 4 << 20
BUFFER = 1 << 18
# Attempts in a row that bring nothing before a piece is given up.
ATTEMPTS = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0


@dataclass(frozen=True)
class Range:
    """`size` bytes of what is at an address, from `start` on, and where they go."""

    url: str
    start: int
    size: int
    to: int


def pieces(ranges: Sequence[Range], size: int = PIECE) -> list[Range]:
    """Ranges cut to pieces of at most so many bytes."""
    return [
        Range(r.url, r.start + at, min(size, r.size - at), r.to + at)
        for r in ranges
        for at in range(0, r.size, size)
    ]


def fetch_ranges(
    ranges: Sequence[Range], path: Path, journal: Path, progress: Progress | None = None
) -> None:
    """Writes ranges to their places in a file that is there already.

    In `journal` there is a byte for each piece that is whole: with the same ranges, another call
    goes on from there.

    Raises: NotDownloadable if a server answers with something else, and what the library of the
    hub raises if it does not answer; `Ended` with what `progress` raised. Whatever is whole by then
    stays.
    """
    todo = pieces(ranges)
    whole = journal.read_bytes() if journal.exists() else b""
    if len(whole) != len(todo):
        whole = bytes(len(todo))
        journal.write_bytes(whole)
    wanted = sum(piece.size for piece in todo)
    had = sum(piece.size for piece, done in zip(todo, whole, strict=True) if done)
    stop, received, lock = Event(), _Count(), Lock()

    def work(number: int, piece: Range) -> None:
        with path.open("r+b", buffering=0) as target:
            _fetch(piece, target, received, stop)
            os.fsync(target.fileno())
        if not stop.is_set():
            with lock, journal.open("r+b") as book:
                book.seek(number)
                book.write(b"\x01")

    with ExitStack() as stack:
        pool = ThreadPoolExecutor(AT_ONCE, "detok-hub")
        stack.callback(pool.shutdown, cancel_futures=True)
        stack.callback(stop.set)  # before that
        pending = {
            pool.submit(work, number, piece)
            for number, piece in enumerate(todo)
            if not whole[number]
        }
        _report(progress, had, wanted)
        while pending:
            done, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
            _report(progress, had + received.total, wanted)
            for future in done:
                future.result()


class Ended(BaseException):
    """Takes what `progress` raised past those who explain what went wrong with the hub."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _report(progress: Progress | None, here: int, wanted: int) -> None:
    if progress is not None:
        try:
            progress(here, wanted)
        except Exception as error:
            raise Ended(error) from error


class _Count:
    """Bytes received by all threads."""

    def __init__(self) -> None:
        self.total, self._lock = 0, Lock()

    def add(self, n: int) -> None:
        with self._lock:
            self.total += n


def _fetch(piece: Range, target: BinaryIO, received: _Count, stop: Event) -> None:
    """Writes one piece, from as many answers as it takes."""
    got, failures, pause = 0, 0, FIRST_WAIT_S
    while got < piece.size:
        more, error = _one_answer(piece, got, target, received, stop)
        got += more
        if stop.is_set():
            return
        if more:
            failures, pause = 0, FIRST_WAIT_S
        else:
            failures += 1
        if got < piece.size:
            if failures >= ATTEMPTS:
                raise error or NotDownloadable(
                    f"the hub's server ended its answers early ({got:,} of {piece.size:,} bytes of "
                    f"{piece.url}); expected all of them: try again later"
                )
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_WAIT_S)


def _one_answer(
    piece: Range, got: int, target: BinaryIO, received: _Count, stop: Event
) -> tuple[int, Exception | None]:
    """The bytes that one request brought, and why they were not all."""
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

    first, last = piece.start + got, piece.start + piece.size - 1
    headers = build_hf_headers(headers={"Accept-Encoding": "identity"})
    headers["Range"] = f"bytes={first}-{last}"
    error: Exception | None = None
    more = 0
    with http_stream_backoff(
        "GET",
        piece.url,
        headers=headers,
        timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
        max_retries=ATTEMPTS - 1,
        base_wait_time=FIRST_WAIT_S,
        max_wait_time=LONGEST_WAIT_S,
    ) as response:
        # What is raised in here would make the library ask again, and yield twice.
        try:
            hf_raise_for_status(response)
            _check_range(response, first, piece)
        except Exception as refusal:
            refused = refusal
        else:
            refused = None
            try:
                for chunk in response.iter_bytes(BUFFER):
                    # A whole piece is known one turn later: a connection whose answer was not read
                    # to its end is closed, and the next piece would wait for another.
                    if stop.is_set() or got + more == piece.size:
                        break
                    chunk = chunk[: piece.size - got - more]
                    target.seek(piece.to + got + more)
                    target.write(chunk)
                    more += len(chunk)
                    received.add(len(chunk))
            except OSError as full:
                refused = full
            except Exception as broken:
                error = broken
    if refused is not None:
        raise refused
    return more, error


def _check_range(response: Any, first: int, piece: Range) -> None:
    if response.status_code != 206:
        raise NotDownloadable(
            f"the server of {piece.url} does not give parts of files (HTTP "
            f"{response.status_code} instead of 206); expected one that does, or the whole model: "
            "`hf download` brings it, and detok then uses that"
        )
    # A server may give less than it was asked for, but nothing else.
    found = response.headers.get("Content-Range", "")
    if not found.startswith(f"bytes {first}-"):
        raise NotDownloadable(
            f"the server of {piece.url} answered with {found or 'no Content-Range'}; expected "
            f"bytes from {first} on: try again later"
        )
