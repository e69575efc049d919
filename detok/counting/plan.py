"""How a corpus of files is counted: what every step of a count needs to know."""

from dataclasses import dataclass
from pathlib import Path

from detok.counting.encoding import Encoder
from detok.errors import InputError

DEFAULT_MEMORY = 1 << 30
# The least memory that a process can count with: a batch of encoded texts takes about as much.
MIN_MEMORY = 1 << 24


@dataclass(frozen=True)
class Plan:
    """What is counted into `out`, and with what; it can be sent to another process.

    The parts of the corpus are not in it: there may be many, and a process gets one at a time.
    """

    out: Path
    encoder: Encoder
    column: str = "text"
    memory: int = DEFAULT_MEMORY  # bytes
    workers: int = 1
    min_count: int = 1

    @property
    def folder(self) -> Path:
        """Where what was counted waits until all is."""
        return self.out.with_name(self.out.name + ".partial")

    def check(self) -> None:
        """Raises: InputError for what cannot be done."""
        if self.workers < 1:
            raise InputError(f"workers is {self.workers}; expected at least 1")
        check_table(self.out, self.min_count)
        if self.memory < MIN_MEMORY * self.workers:
            raise InputError(
                f"memory is {self.memory} bytes; expected at least {MIN_MEMORY * self.workers}, "
                f"16 MiB for each of {self.workers} processes"
            )


def check_table(out: Path, min_count: int) -> None:
    """Raises: InputError for a file of counts that cannot be written."""
    if min_count < 1:
        raise InputError(f"min_count is {min_count}; expected at least 1")
    if out.exists():
        raise InputError(f"{out} is there already; delete it, or choose another file")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder; expected one to write {out.name} into")
