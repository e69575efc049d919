"""`python -m detok report`: whether a model has what was published, figure by figure."""

import argparse
import sys
from pathlib import Path

from detok.commands.progress_line import ProgressLine
from detok.errors import InputError

# The lines in a Markdown file that a report stands between.
BEGIN, END = "<!-- detok report -->", "<!-- end of detok report -->"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    report = commands.add_parser(
        "report",
        help="measure every published figure again, and say which agree",
        description="Measures every figure of the paper and its authors' notebook again, each with "
        "a stated tolerance, and says whether it agrees, differs, does not apply to this model, or "
        "cannot be computed and for want of what. What is of GPT-2 itself applies to GPT-2 only; "
        "the claims of the paper are asked of every model that has what they are about.",
        epilog="Exit status: 0 if nothing differs, 1 if something does, 2 for what can be mended. "
        "Of a model of the hub that is not here the first layer is fetched once.",
    )
    report.set_defaults(run=_run)
    report.add_argument(
        "model", metavar="MODEL", help="mini, a hub id, a folder, a .safetensors file"
    )
    report.add_argument(
        "--revision", help="a branch, a tag or a commit of a hub id (default: main)"
    )
    report.add_argument("--format", choices=("table", "markdown", "json"), default="table")
    where = report.add_mutually_exclusive_group()
    where.add_argument("--out", help="a file to write it to (default: the terminal)")
    where.add_argument(
        "--into",
        metavar="FILE",
        help=f"a Markdown file in which it replaces what is between the lines {BEGIN} and {END}, "
        "in Markdown whatever the format",
    )


def _run(options: argparse.Namespace) -> int:
    # Before minutes are spent on what cannot be written.
    if options.out is not None:
        Path(options.out).open("a", encoding="utf-8").close()
    before, after = ("", "") if options.into is None else _around(Path(options.into))
    from huggingface_hub.utils import disable_progress_bars

    from detok.counting.choice import counts_for
    from detok.model.layer import load
    from detok.replication.formats import FORMATS, sentence
    from detok.replication.report import report

    disable_progress_bars()  # `transformers` would draw its own into the line
    layer = load(options.model, revision=options.revision)
    line = ProgressLine(sys.stderr)
    try:
        found = report(
            layer,
            counts_for(layer),
            progress=lambda done, n: line.show(done / n, f"{done} of {n} checks", None),
        )
    finally:
        line.end()
    text = FORMATS["markdown" if options.into else options.format](found)
    path = options.into or options.out
    if path is None:
        sys.stdout.write(text)
    else:
        Path(path).write_text(f"{before}{text}{after}", encoding="utf-8")
        sys.stderr.write(f"{sentence(found)}: {path}\n")
    return int(found.differs)


def _around(path: Path) -> tuple[str, str]:
    """What is before a report's place in a file, and after it, with the lines that mark it.

    Raises: InputError if there is no such place, or more than one.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(
            f"{path} has {text.count(BEGIN)} times {BEGIN!r} and {text.count(END)} times {END!r}; "
            "expected each once, in this order"
        )
    return text[: text.index(BEGIN) + len(BEGIN)] + "\n\n", "\n" + text[text.index(END) :]
