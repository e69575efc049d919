"""What the first process and those that count say to one another."""

from dataclasses import dataclass

from detok.counting.parts import Part
from detok.counting.pieces import Position
from detok.counting.shards import Shard


@dataclass(frozen=True)
class Task:
    """A part to count, from a position on; the answer to `Idle`, or None if there is none left."""

    number: int  # of the part
    part: Part | Shard
    position: Position = 0
    last: int | None = None  # the token before the position, if a pair continues there


@dataclass(frozen=True)
class Idle:
    """Asks for a task."""


@dataclass(frozen=True)
class Counted:
    """How many tokens more were counted, and how far that part has come."""

    tokens: int
    number: int  # of the part
    share: float


@dataclass(frozen=True)
class Written:
    """A run is in the folder under this name, and is to be kept."""

    name: str


@dataclass(frozen=True)
class Ended:
    """All that was counted is written."""


@dataclass(frozen=True)
class Refused:
    """The sentence of an `InputError`."""

    sentence: str


@dataclass(frozen=True)
class Unwritten:
    """What the system did not do, such as write to a full disk."""

    error: OSError


@dataclass(frozen=True)
class Failed:
    """The trace of any other error."""

    trace: str


Message = Idle | Counted | Written | Ended | Refused | Unwritten | Failed
