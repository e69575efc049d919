"""`python -m detok report`: whether a model has what was published, figure by figure."""

import argparse
import sys
from pathlib import Path

from detok.commands.progress_line import ProgressLine


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    report = commands.add_parser(
        "report",
        help="measure every published figure again, and say which agree",
        description="Measures every figure of the paper and its authors' notebook again, each with "
        "a stated tolerance, and says whether it agrees, differs, does not apply to this model, or "
        "cannot be computed and for want of what. What is of GPT-2 itself applies to GPT-2 only; "
        "the claims of the paper apply to every model.",
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
    report.add_argument("--out", help="a file to write it to (default: the terminal)")


def _run(options: argparse.Namespace) -> int:
    if options.out is not None:  # before minutes are spent on what cannot be written
        Path(options.out).open("a", encoding="utf-8").close()
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
    text = FORMATS[options.format](found)
    if options.out is None:
        sys.stdout.write(text)
    else:
        Path(options.out).write_text(text, encoding="utf-8")
        sys.stderr.write(f"{sentence(found)}: {options.out}\n")
    return int(found.differs)
