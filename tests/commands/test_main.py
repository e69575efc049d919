"""`python -m detok`: its help, and how a command that fails ends."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from detok.commands import count
from detok.commands.main import COMMANDS, main
from detok.errors import InputError

REPOSITORY = Path(__file__).parents[2]


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "count tokens and pairs" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_waits_for_no_library(arguments: list[str]) -> None:
    """What takes long to import is imported when a command runs."""
    command = [sys.executable, "-X", "importtime", "-m", "detok", *arguments]
    help_ = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert help_.stdout.startswith("usage: python -m detok")
    imported = {line.rpartition("|")[2].strip() for line in help_.stderr.splitlines()}
    assert "detok.commands.main" in imported
    slow = {"numpy", "pandas", "pyarrow", "tokenizers", "torch", "transformers", "huggingface_hub"}
    slow |= {"altair", "vl_convert"}
    assert not imported & slow


@pytest.mark.parametrize(
    ("error", "status", "shown"),
    [
        (InputError("a is 3; expected 4"), 2, "detok: a is 3; expected 4.\n"),
        (OSError(28, "No space left on device"), 2, "detok: o: No space left on device.\n"),
        (OSError(2, "No such file", "a.txt"), 2, "detok: a.txt: No such file.\n"),
        (OSError("4 requested and 0 written"), 2, "detok: o: 4 requested and 0 written.\n"),
        (KeyboardInterrupt("stopped; 3 are kept"), 130, "detok: stopped; 3 are kept.\n"),
        (KeyboardInterrupt(), 130, "detok: stopped.\n"),
    ],
)
def test_a_command_that_fails_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    shown: str,
) -> None:
    def fail(_: argparse.Namespace) -> None:
        raise error

    monkeypatch.setattr(count, "_run", fail)
    assert main(["count", "--tokenizer", "mini", "--out", "o", "a.txt"]) == status
    assert capsys.readouterr().err == shown
