"""The folder beside a table that is being counted, from which an interrupted count goes on.

`settings.json` says what is counted. Each `run-N` is what one process had counted when it was
asked to put it down (see `detok.counting.runs`), with the numbers of the parts that it finished and
how far it came in the last one. It is written under another name first, so that a run is there
either whole or not at all; what is counted after the last run is counted again.
"""

import contextlib
import shutil
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from detok.counting.plan import Plan
from detok.counting.runs import State, StoredRun
from detok.counting.settings import agreed
from detok.errors import InputError


class WorkFolder:
    """The folder of a plan, locked against a second process for as long as it is open.

    Raises: InputError if another process has it, or it belongs to a count with other settings.
    """

    def __init__(self, plan: Plan, settings: dict[str, str]) -> None:
        self.path = plan.folder
        self._vocab_size = plan.encoder.vocab_size
        self.path.mkdir(parents=True, exist_ok=True)
        # The system's own lock, which ends with the process however that ends.
        self._lock = FileLock(self.path / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(
                f"{self.path} is in use by another process; wait for it, or choose another --out"
            ) from error
        try:
            self.date = agreed(self.path, settings)["date"]
        except BaseException:
            self._lock.release()
            raise
        for unfinished in self.path.glob("new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _folders(self) -> list[Path]:
        return sorted(self.path.glob("run-*"))

    @property
    def runs(self) -> list[StoredRun]:
        """All runs, in the order in which they were written."""
        return [StoredRun(folder, self._vocab_size) for folder in self._folders()]

    def keep(self, new: str) -> None:
        """Takes over a run that was written into the folder under another name."""
        folders = self._folders()
        last = int(folders[-1].name.removeprefix("run-")) if folders else 0
        (self.path / new).replace(self.path / f"run-{last + 1:08d}")

    def states(self) -> list[State]:
        """What every run covers.

        Raises: InputError if a run is damaged.
        """
        try:
            return [run.state() for run in self.runs]
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"{self.path} is damaged ({error}); delete that folder to begin anew"
            ) from error

    def remove(self) -> None:
        """Deletes the folder, when all of it is in the table."""
        shutil.rmtree(self.path, ignore_errors=True)
        # Windows deletes no file that is open: there the lock's goes now, and then the folder.
        self._lock.release()
        with contextlib.suppress(OSError):
            self.path.rmdir()
