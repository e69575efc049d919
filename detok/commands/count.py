"""The command line: `python -m detok count`."""

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from detok.counting.over_files import Summary, count_files
from detok.counting.progress import Progress
from detok.errors import InputError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{unit}i": 1 << (10 * n) for n, unit in enumerate("kmgt", start=1)}
# A line of progress takes the place of the last one on a terminal; a file gets one less often.
_TERMINAL_EVERY_S, _FILE_EVERY_S = 0.2, 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; gives its exit status: 2 for what the user can mend, 130 if interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        return _count(options)
    except InputError as error:
        return _fail(str(error), 2)
    except OSError as error:  # such as a full disk
        return _fail(f"{error.filename or options.out}: {error.strerror or error}", 2)
    except KeyboardInterrupt as interruption:
        return _fail(str(interruption) or "stopped", 130)


def _fail(sentence: str, status: int) -> int:
    sys.stderr.write(f"detok: {sentence}.\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m detok",
        description="How a language model's first attention layer glues tokens together.",
        epilog="The app itself: streamlit run app.py",
    )
    commands = parser.add_subparsers(dest="command", title="commands")
    count = commands.add_parser(
        "count",
        help="count tokens and pairs of neighbouring tokens in text files",
        description="Counts tokens and pairs of neighbouring tokens in text files, for the app "
        "(set DETOK_COUNTS to the result) and for detok.Counts.load.",
        epilog="Files are .txt (one document each), .jsonl (one a line; both also .gz or .zst) "
        "and .parquet (one a row). An interrupted count goes on where it stopped when the same "
        "command is given again.",
    )
    count.add_argument("paths", nargs="+", metavar="PATH", help="a text file, or a folder of them")
    count.add_argument("--tokenizer", required=True, help="mini, a hub id such as gpt2, a folder")
    count.add_argument("--out", required=True, help="the file of counts to write (.parquet)")
    count.add_argument("--column", default="text", help="of .jsonl and .parquet (default: text)")
    count.add_argument(
        "--memory",
        type=_bytes,
        default="1GB",
        help="bound on what is held in memory, on top of the programs themselves (default: 1GB)",
    )
    count.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    count.add_argument(
        "--min-count", type=int, default=1, help="leave out pairs seen less often (default: 1)"
    )
    count.add_argument("--corpus", help="what the texts are, to be put after 'in' or 'from'")
    count.add_argument("--note", default="", help="a sentence that is shown with the counts")
    return parser


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?)?b?", text.strip().lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; expected one such as 500MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2] or ""])


def _count(options: argparse.Namespace) -> int:
    meter = _ProgressLine(sys.stderr)
    start = time.monotonic()
    try:
        summary = count_files(
            options.paths,
            options.tokenizer,
            options.out,
            column=options.column,
            memory=options.memory,
            workers=options.workers,
            min_count=options.min_count,
            corpus=options.corpus,
            note=options.note,
            progress=meter.show,
        )
    finally:
        meter.end()
    _report(summary, options, time.monotonic() - start)
    return 0


def _report(summary: Summary, options: argparse.Namespace, seconds: float) -> None:
    rare = f" seen at least {options.min_count} times" if options.min_count > 1 else ""
    sys.stderr.write(
        f"{summary.tokens:,} tokens of {summary.documents:,} documents, {summary.pairs:,} "
        f"different pairs{rare}, in {_duration(seconds)}: {options.out}\n"
    )
    for kind, n, where in summary.problems:
        sys.stderr.write(f"left out: {n:,} {kind}, such as {where}\n")


class _ProgressLine:
    """One line that is written over on a terminal, and a line now and then in a file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._every = _TERMINAL_EVERY_S if self._is_terminal else _FILE_EVERY_S
        self._last = time.monotonic()

    def show(self, progress: Progress) -> None:
        if time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        left = progress.seconds_left
        line = (
            f"{_bar(progress.share)} {progress.share:4.0%}  {progress.tokens:,} tokens, "
            f"{progress.tokens_per_second:,.0f} a second"
            + (f", {_duration(left)} left" if left is not None else "")
        )
        self._stream.write(f"\r\x1b[K{line}" if self._is_terminal else f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        if self._is_terminal:
            self._stream.write("\r\x1b[K")


def _bar(share: float, width: int = 20) -> str:
    done = round(share * width)
    return "█" * done + "░" * (width - done)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
