"""`python -m detok figures`: the paper's figures of a model with learned positions, as files."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from detok.commands.progress_line import ProgressLine, duration
from detok.errors import InputError
from detok.model.amounts import in_bytes


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    figures = commands.add_parser(
        "figures",
        help="draw the paper's figures of a model as SVG and PDF",
        description="Draws the figures of the paper (2-B to 13) of any model with learned "
        "positions, as SVG and PDF with a page, index.html, that shows them and says how each was "
        "computed. What the model or missing counts do not allow is left out.",
        epilog="Counts of tokens and pairs (2-C, 2-D, 5, 6, 11) are those that the app uses.",
    )
    figures.set_defaults(run=_run)
    figures.add_argument(
        "model", metavar="MODEL", help="mini, a hub id, a folder, a .safetensors file"
    )
    figures.add_argument("--out", required=True, metavar="DIR", help="the folder to write to")
    figures.add_argument(
        "--only", type=_listed, metavar="NUMBERS", help="some figures, such as 2-B,3-A"
    )
    figures.add_argument(
        "--format", type=_listed, default="svg,pdf", help="svg, pdf, or both (default: both)"
    )
    figures.add_argument(
        "--head",
        type=_numbers,
        metavar="HEADS",
        help="the heads that are drawn alone, such as 1,7 (default: 1 and 7 for GPT-2, as in the "
        "paper; else two that differ as those do)",
    )
    figures.add_argument("--token", help="the token of 2-C (default: the end of a word)")
    figures.add_argument(
        "--tokens",
        type=_tokens,
        default="2048",
        help="how many tokens drawn at random 2-D averages over, or all (default: 2048)",
    )
    figures.add_argument(
        "--texts",
        type=_positive,
        default="40",
        help="how many excerpts 4 and 13 average over (default: 40)",
    )
    figures.add_argument(
        "--seed", type=int, default=0, help="of tokens and texts drawn (default: 0)"
    )
    figures.add_argument("--revision", help="a branch, a tag or a commit of a hub id")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> list[int]:
    try:
        return list(dict.fromkeys(int(part) for part in _listed(text)))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} are no heads; expected numbers such as 1,7"
        ) from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a number of at least 1")
    return int(text)


def _tokens(text: str) -> int | None:
    return None if text == "all" else _positive(text)


def _run(options: argparse.Namespace) -> None:
    from detok.figures import index
    from detok.figures.files import FORMATS, LeftOut, check_folder, make
    from detok.figures.registry import chosen
    from detok.figures.setting import Setting
    from detok.model.inputs import check_learned
    from detok.model.layer import load

    start = time.monotonic()
    figures = chosen(options.only)
    unknown = [name for name in options.format if name not in FORMATS]
    if unknown or not options.format:
        found = f"there is no format {unknown[0]!r}" if unknown else "no format is chosen"
        raise InputError(f"{found}; expected some of {', '.join(FORMATS)}")
    line = ProgressLine(sys.stderr)
    try:
        layer = load(options.model, revision=options.revision, progress=_fetching(line))
    finally:
        line.end()
    check_learned(layer)
    setting = Setting.of(
        layer,
        heads=options.head,
        token=options.token,
        n_tokens=options.tokens,
        n_texts=options.texts,
        seed=options.seed,
    )
    folder = Path(options.out)
    check_folder(folder)
    if setting.refused:
        sys.stderr.write(f"Counts that are not used: {setting.refused}.\n")
    results = []
    for result in make(figures, setting, folder, options.format):
        results.append(result)
        number = result.figure.number
        if isinstance(result, LeftOut):
            sys.stderr.write(f"{number:<5}left out: {result.why}.\n")
            continue
        files = ", ".join(path.name for path in result.paths)
        sys.stdout.write(f"{number:<5}{result.seconds:5.1f} s  {files}  {result.figure.title}\n")
        sys.stdout.flush()
    n_made = sum(not isinstance(result, LeftOut) for result in results)
    if not n_made:
        raise InputError("none of these figures can be drawn; expected at least one that can")
    page = index.write(results, setting, folder)
    sys.stdout.write(
        f"{n_made} of {len(figures)} figures of {setting.model}, in "
        f"{duration(time.monotonic() - start)}: {page}\n"
    )


def _fetching(line: ProgressLine) -> Callable[[int, int], None]:
    def show(here: int, wanted: int) -> None:
        line.show(here / wanted, f"{in_bytes(here)} of {in_bytes(wanted)}", None)

    return show
