"""`python -m detok`: the parser of commands, and how a command ends.

A command is a file of this room and a line in COMMANDS. Its `add_to` adds its parser, and sets
`run`, which takes the options; what takes long to import is imported in `run`, so that help comes
at once.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from detok.errors import InputError

COMMANDS = [
    "app",
    "corpus",
    "count",
    "fetch",
    "figures",
    "info",
    "merge",
    "models",
    "ready",
    "report",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; gives its exit status: 2 for what the user can mend, 130 if interrupted.

    A command that has another answer than "done" gives it as its own status.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        return options.run(options) or 0
    except InputError as error:
        return _fail(str(error), 2)
    except OSError as error:  # such as a full disk
        where = error.filename or getattr(options, "out", options.command)
        return _fail(f"{where}: {error.strerror or error}", 2)
    except KeyboardInterrupt as interruption:
        return _fail(str(interruption) or "stopped", 130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m detok",
        description="How a language model's first attention layer glues tokens together.",
    )
    commands = parser.add_subparsers(dest="command", title="commands")
    for name in COMMANDS:
        import_module(f"detok.commands.{name}").add_to(commands)
    return parser


def _fail(sentence: str, status: int) -> int:
    sys.stderr.write(f"detok: {sentence}.\n")
    return status
