"""The shards of a data set, each of which one process reads on its own."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from typing import Any

from detok.counting.dataset import Dataset, explained
from detok.counting.parts import Report
from detok.counting.pieces import Piece, Position, pieces_of
from detok.counting.texts import utf_8
from detok.errors import InputError


@dataclass(frozen=True)
class Shard:
    """A shard of a data set whose commit is known."""

    dataset: Dataset
    index: int
    n_shards: int
    size: int  # documents, as far as is known; for the progress
    version: str

    def identity(self) -> list[str | int | float | None]:
        """What tells the shard from others, and from itself if the data set was changed."""
        return [*astuple(self.dataset), self.index, self.n_shards, self.version]

    def stream(self, column: str) -> Any:
        """Its documents, as an IterableDataset of `datasets`."""
        stream = self.dataset.opened().stream(self.n_shards)
        if stream.features is not None:
            stream = stream.select_columns([column])
        if self.dataset.documents is not None:
            return stream.take(self.dataset.documents)
        return stream.shard(self.n_shards, self.index)


def shards_of(dataset: Dataset, column: str) -> tuple[list[Shard], str]:
    """The shards of a data set at the commit that it is at now, and what it is in words.

    Raises: InputError if it cannot be read, or has no such column.
    """
    dataset = dataset.checked().pinned()
    opened = dataset.opened()
    columns = opened.data.features
    if columns is not None and column not in columns:
        raise InputError(
            f"{dataset.source} has no column {column!r}; expected one of {', '.join(columns)}"
        )
    n = 1 if dataset.documents is not None else opened.n_shards
    size = -(-(dataset.documents or opened.documents or n) // n)
    version = dataset.version()
    shards = [Shard(dataset, k, n, size, version) for k in range(n)]
    return shards, dataset.described(opened.split)


@dataclass(frozen=True)
class ShardReader:
    """Reads a shard; what cannot be counted in it is left out and reported."""

    part: Shard
    column: str
    cuts: bool
    report: Report

    def pieces(self, position: Position = 0) -> Iterator[Piece]:
        """The pieces of all documents, from a position on that a piece has named.

        Raises: InputError if the data set cannot be read on.
        """
        shard = self.part
        try:
            stream = shard.stream(self.column)
            n = 0
            if isinstance(position, dict):
                n = position["documents"]
                stream.load_state_dict(position["state"])
            for row in stream:
                n += 1
                if not shard.dataset.keeps(n):
                    continue
                text, problem = utf_8(row.get(self.column), self.column)
                if problem is not None:
                    where = f"{shard.dataset.source}, document {n} of shard {shard.index + 1}"
                    self.report(problem, where)
                    continue
                after = {"documents": n, "state": stream.state_dict()}
                yield from pieces_of(text, self.cuts, after, min(1.0, n / shard.size))
        except InputError:
            raise
        # The library lets the errors of its HTTP client, of fsspec and of Arrow through.
        except Exception as error:
            raise explained(shard.dataset.source, error) from error
