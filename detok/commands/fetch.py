"""`python -m detok fetch`: brings a model's first layer to this machine ahead of time."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from detok.commands.progress_line import ProgressLine, duration
from detok.errors import NotDownloadable
from detok.model.amounts import in_bytes

if TYPE_CHECKING:
    from detok.model.source import Source


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds this command to those of `python -m detok`."""
    fetch = commands.add_parser(
        "fetch",
        help="fetch a model's first layer from the hub, such as for a server without a network",
        description="Fetches the first layer of a model of the hub, its tokenizer and its "
        "configuration, as the hub has them now; what is here already is not fetched again.",
        epilog="They are kept in the cache of huggingface_hub (HF_HOME). An interrupted fetch goes "
        "on where it stopped when the same command is given again.",
    )
    fetch.set_defaults(run=_run)
    fetch.add_argument("model", metavar="ID", help="a hub id such as gpt2")
    fetch.add_argument("--revision", help="a branch, a tag or a commit (default: main)")


class _Meter:
    """Turns what a download reports into a line of progress."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line
        self._start = time.monotonic()
        self.before: int | None = None  # bytes that an earlier fetch left; None if none was needed
        self.wanted = 0

    def show(self, here: int, wanted: int) -> None:
        if self.before is None:
            self._start, self.before = time.monotonic(), here
        self.wanted = wanted
        seconds = time.monotonic() - self._start
        rate = (here - self.before) / seconds if seconds > 1 else 0.0
        done = f"{in_bytes(here)} of {in_bytes(wanted)}"
        left = (wanted - here) / rate if rate else None
        self._line.show(here / wanted, done + f", {in_bytes(rate)} a second" * (rate > 0), left)

    def said(self) -> str:
        """What was fetched, in the end."""
        seconds = duration(time.monotonic() - self._start)
        earlier = f", {in_bytes(self.before)} of them earlier," if self.before else ""
        return f"{in_bytes(self.wanted)} of the first layer fetched{earlier} in {seconds}"


def _run(options: argparse.Namespace) -> None:
    try:
        _fetch(options.model, options.revision)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; the same command goes on from there") from None


def _fetch(model: str, revision: str | None) -> None:
    from detok.model.source import locate_here

    here = locate_here(model, revision)
    if here is not None and here.revision in (None, revision):
        _say_it_is_here(here)  # a local one, or a commit, which never moves
        return

    from detok.model.hub.remote import Remote
    from detok.model.source import fetch_commit

    try:
        remote = Remote(model.strip(), revision)
    except NotDownloadable as error:
        if here is None:
            raise
        _say_it_is_here(here)
        sys.stderr.write(f"whether the hub has a newer commit is not known: {error}.\n")
        return
    line = ProgressLine(sys.stderr)
    meter = _Meter(line)
    try:
        folder = fetch_commit(remote, meter.show)
    finally:
        line.end()
    said = "here already" if meter.before is None else meter.said()
    _say(remote.model_id, said, folder, remote.commit)


def _say_it_is_here(here: "Source") -> None:
    _say(here.model_id, "here already", here.folder, here.revision, here.weights)


def _say(
    model_id: str, said: str, folder: Path, commit: str | None, weights: Path | None = None
) -> None:
    from detok.model.files import files_of_weights

    size = sum(path.stat().st_size for path in files_of_weights(folder, weights))
    known = {"bytes": f"{size:,}", "commit": commit, "folder": str(folder)}
    lines = [f"{name:<8}{value}\n" for name, value in known.items() if value is not None]
    sys.stdout.write(f"{model_id}: {said}\n{''.join(lines)}")
