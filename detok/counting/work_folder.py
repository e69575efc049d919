"""The folder beside a table that is being counted, from which an interrupted count goes on.

`settings.json` says what is counted. Each `run-N` is what one process had counted when it was
asked to put it down: the run of its pairs (see `detok.counting.pairs`), `tokens` (V int64) and
`state.json`: the numbers of the parts that it finished, and how far it came in the last one. It is
written under another name first, so that a run is there either whole or not at all; what is counted
after the last run is counted again.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detok.counting.pairs import Run, RunFile
from detok.errors import InputError


@dataclass
class State:
    """What a run covers."""

    done: list[int] = field(default_factory=list)  # parts
    # A part that was begun: its number, the position to go on at, the token before (or None).
    at: tuple[int, int, int | None] | None = None
    documents: int = 0
    tokens: int = 0
    problems: dict[str, tuple[int, str]] = field(default_factory=dict)  # how many, and one of them

    def report(self, problem: str, where: str) -> None:
        n, first = self.problems.get(problem, (0, where))
        self.problems[problem] = (n + 1, first)

    def add(self, other: "State") -> None:
        """Sums up what two runs cover."""
        self.done += other.done
        self.documents += other.documents
        self.tokens += other.tokens
        for problem, (n, where) in other.problems.items():
            known, first = self.problems.get(problem, (0, where))
            self.problems[problem] = (known + n, min(first, where))


def write_run(
    folder: Path, tokens: np.ndarray, run: list[Run], state: State, vocab_size: int
) -> None:
    """Writes a run into a new folder."""
    folder.mkdir()
    RunFile(folder, vocab_size).write(run)
    tokens.tofile(folder / "tokens")
    (folder / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")


class WorkFolder:
    """The folder, locked against a second process for as long as it is open.

    Raises: InputError if another process has it, or it belongs to a count with other settings.
    """

    def __init__(self, out: Path, settings: dict[str, Any]) -> None:
        self.path = out.with_name(out.name + ".partial")
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.path)
        known = self.path / "settings.json"
        if known.exists():
            self._check(json.loads(known.read_text(encoding="utf-8")), settings)
            settings = json.loads(known.read_text(encoding="utf-8"))
        else:
            new = self.path / "settings.new"
            new.write_text(json.dumps(settings, indent=1), encoding="utf-8")
            new.replace(known)
        self.date: str = settings["date"]
        for unfinished in self.path.glob("new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)

    def _check(self, known: dict[str, Any], settings: dict[str, Any]) -> None:
        other = [key for key in settings if key != "date" and known.get(key) != settings[key]]
        if other:
            self.close()
            raise InputError(
                f"{self.path} holds a count that was begun with another {' and '.join(other)}; "
                "expected the same arguments to go on with it, or delete that folder to begin anew"
            )

    @property
    def runs(self) -> list[Path]:
        return sorted(self.path.glob("run-*"))

    def keep(self, new: str) -> None:
        """Takes over a run that was written into the folder under another name."""
        last = int(self.runs[-1].name.removeprefix("run-")) if self.runs else 0
        (self.path / new).replace(self.path / f"run-{last + 1:08d}")

    def states(self) -> list[State]:
        """What every run covers, in the order in which they were written.

        Raises: InputError if a run is damaged.
        """
        try:
            return [State(**json.loads((p / "state.json").read_text("utf-8"))) for p in self.runs]
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"{self.path} is damaged ({error}); delete that folder to begin anew"
            ) from error

    def close(self) -> None:
        os.close(self._lock)

    def remove(self) -> None:
        """Deletes the folder, when all of it is in the table."""
        shutil.rmtree(self.path, ignore_errors=True)


def _locked(folder: Path) -> int:
    """A lock that ends with the process."""
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return handle
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise InputError(
            f"{folder} is in use by another process; wait for it, or choose another --out"
        ) from error
    return handle
