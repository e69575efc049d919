"""`python -m detok count`: counts tokens and pairs of neighbouring tokens in text files."""

import argparse
import os
import re
import sys
import time
from typing import TYPE_CHECKING

from detok.commands.progress_line import ProgressLine, duration

if TYPE_CHECKING:
    from detok.counting.over_files import Summary
    from detok.counting.progress import Progress

_CHOICES = ("config", "split", "revision", "documents", "share")
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{unit}i": 1 << (10 * n) for n, unit in enumerate("kmgt", start=1)}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    count = commands.add_parser(
        "count",
        help="count tokens and pairs of neighbouring tokens in texts",
        description="Counts tokens and pairs of neighbouring tokens in text files or data sets, "
        "for the app (set DETOK_COUNTS to the result) and for detok.Counts.load.",
        epilog="Files are .txt (one document each), .jsonl (one a line; both also .gz or .zst) "
        "and .parquet (one a row), here, behind https://, or in a data set of the hub: "
        "hf://datasets/OWNER/NAME/PATH. A data set as a whole is hf://datasets/OWNER/NAME, or a "
        "folder that the library datasets saved; reading it, or https://, needs "
        "pip install 'detok[corpus]'. An interrupted count goes on where it stopped when the same "
        "command is given again.",
    )
    count.set_defaults(run=_run)
    count.add_argument(
        "paths",
        nargs="+",
        metavar="SOURCE",
        help="a text file, a folder of them, an address, a data set",
    )
    count.add_argument("--tokenizer", required=True, help="mini, a hub id such as gpt2, a folder")
    count.add_argument("--column", default="text", help="of .jsonl and .parquet (default: text)")
    count.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    data = count.add_argument_group("of data sets")
    data.add_argument("--config", help="of those of the hub, such as a language")
    data.add_argument("--split", help="default: the only one, or train")
    data.add_argument("--revision", help="a branch, a tag or a commit (default: main)")
    data.add_argument("--documents", type=int, help="count the first so many, in one process")
    data.add_argument("--share", type=float, help="count so much of it, such as 0.1: every tenth")
    add_table_options(count)


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Adds what every command asks that writes a file of counts."""
    parser.add_argument("--out", required=True, help="the file of counts to write (.parquet)")
    parser.add_argument(
        "--memory",
        type=_bytes,
        default="1GB",
        help="bound on what is held in memory, on top of the programs themselves (default: 1GB)",
    )
    parser.add_argument(
        "--min-count", type=int, default=1, help="leave out pairs seen less often (default: 1)"
    )
    parser.add_argument("--corpus", help="what the texts are, to be put after 'in' or 'from'")
    parser.add_argument("--note", default="", help="a sentence that is shown with the counts")


def _bytes(text: str) -> int:
    size = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]i?)?b?", text.strip().lower())
    if not size:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; expected one such as 500MB or 2GB")
    return int(float(size[1]) * _UNITS[size[2] or ""])


def _run(options: argparse.Namespace) -> None:
    from detok.counting.over_files import count_files
    from detok.counting.sources import chosen

    line = ProgressLine(sys.stderr)

    def show(progress: "Progress") -> None:
        done = f"{progress.tokens:,} tokens, {progress.tokens_per_second:,.0f} a second"
        line.show(progress.share, done, progress.seconds_left)

    choices = {name: getattr(options, name) for name in _CHOICES}
    sources = chosen(options.paths, {k: v for k, v in choices.items() if v is not None})
    start = time.monotonic()
    try:
        summary = count_files(
            sources,
            options.tokenizer,
            options.out,
            column=options.column,
            memory=options.memory,
            workers=options.workers,
            min_count=options.min_count,
            corpus=options.corpus,
            note=options.note,
            progress=show,
        )
    finally:
        line.end()
    report(summary, options, time.monotonic() - start)


def report(summary: "Summary", options: argparse.Namespace, seconds: float) -> None:
    """Says what a count has come to."""
    rare = f" seen at least {options.min_count} times" if options.min_count > 1 else ""
    sys.stderr.write(
        f"{summary.tokens:,} tokens of {summary.documents:,} documents, {summary.pairs:,} "
        f"different pairs{rare}, in {duration(seconds)}: {options.out}\n"
    )
    for kind, n, where in summary.problems:
        sys.stderr.write(f"left out: {n:,} {kind}, such as {where}\n")
