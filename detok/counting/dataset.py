"""A data set that is counted as the library `datasets` reads it: of the hub, or saved by it."""

import hashlib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from detok.counting.extra import needed
from detok.counting.hub_address import HubAddress
from detok.display import Displayed
from detok.errors import InputError

# Of a folder that `datasets` saved, as many bytes are read by one process on its own.
SHARD_BYTES = 1 << 26


@dataclass(frozen=True, repr=False)
class Dataset(Displayed):
    """A data set to count, for `detok.count_files`.

    `source` is hf://datasets/OWNER/NAME, which is streamed and never kept on this disk, or a folder
    that `Dataset.save_to_disk` of the library `datasets` wrote. Of several splits `split` is
    counted, by default "train"; of the hub in a `config` and at a `revision`. `documents` are the
    first so many, read by one process; `share` is that share of the documents of every shard,
    evenly spaced, for which all are read.
    """

    source: str
    config: str | None = field(default=None, kw_only=True)
    split: str | None = field(default=None, kw_only=True)
    revision: str | None = field(default=None, kw_only=True)
    documents: int | None = field(default=None, kw_only=True)
    share: float | None = field(default=None, kw_only=True)

    @staticmethod
    def is_one(path: object) -> bool:
        """Whether a path or address is that of a data set, and not of files."""
        if str(path).startswith("hf://"):
            return not HubAddress.of(str(path)).path
        return any(
            Path(path, name).is_file()  # type: ignore[arg-type]
            for name in ("dataset_dict.json", "state.json")
        )

    @property
    def name(self) -> str:
        """What its texts are called."""
        return HubAddress.of(self.source).name if self._is_of_hub else Path(self.source).name

    @property
    def _is_of_hub(self) -> bool:
        return self.source.startswith("hf://")

    def checked(self) -> Self:
        """With its share as a fraction between 0 and 1.

        Raises: InputError for what cannot be asked for.
        """
        if self.documents is not None and self.share is not None:
            raise InputError("both documents and share are given; expected one of them")
        if self.documents is not None and self.documents < 1:
            raise InputError(f"documents is {self.documents}; expected at least 1")
        if self.share is not None and not 0 < self.share <= 1:
            raise InputError(f"share is {self.share}; expected more than 0 and at most 1")
        if not self._is_of_hub and (self.config, self.revision) != (None, None):
            raise InputError(
                f"a config or revision of {self.source} is asked for, a folder on this disk; "
                "expected neither"
            )
        return self

    def pinned(self) -> Self:
        """The same at the commit that its revision means now."""
        if not self._is_of_hub:
            return self
        address = HubAddress.of(self.source)
        if self.revision is not None and address.revision is not None:
            raise InputError(
                f"two revisions are given, {address} and {self.revision}; expected one of them"
            )
        address = replace(address, revision=self.revision or address.revision).pinned()
        bare = str(replace(address, revision=None))
        return replace(self, source=bare, revision=address.revision)

    def opened(self) -> "Opened":
        """Its split, as it is opened once in a process.

        Raises: InputError if there is no such data set, config or split, or the hub does not
        answer.
        """
        return _opened(replace(self, documents=None, share=None), self.version())

    def keeps(self, n: int) -> bool:
        """Whether the n-th document of a shard, from 1, is of the share that is counted."""
        share = Fraction(str(self.share or 1))
        return int(n * share) > int((n - 1) * share)

    def version(self) -> str:
        """What changes when the data set does."""
        if self._is_of_hub:
            return str(self.revision)
        # They name the files, and have a hash of what was done to make them.
        states = sorted(Path(self.source).rglob("state.json"))
        return hashlib.sha256(b"".join(path.read_bytes() for path in states)).hexdigest()

    def described(self, split: str | None) -> str:
        """What is counted of which split, for the provenance."""
        named = {"config": self.config, "split": split, "commit": self.revision}
        what = [f"{name} {value}" for name, value in named.items() if value is not None]
        if self.documents is not None:
            what.append(f"the first {self.documents:,} documents")
        if self.share is not None:
            what.append(f"{self.share:.3%} of the documents")
        return ", ".join([self.source if self._is_of_hub else self.name, *what])


@dataclass(frozen=True)
class Opened:
    """A split, as a Dataset (on this disk) or an IterableDataset of `datasets`, and its name."""

    data: Any
    split: str | None
    is_of_hub: bool

    @property
    def documents(self) -> int | None:
        """How many there are, if that is known before reading them."""
        if not self.is_of_hub:
            return len(self.data)
        known = (self.data.info.splits or {}).get(self.split)
        return None if known is None else known.num_examples

    @property
    def n_shards(self) -> int:
        """How many processes can read it at once."""
        if self.is_of_hub:
            return max(1, self.data.num_shards)
        return max(1, min(len(self.data), self.data.data.nbytes // SHARD_BYTES))

    def stream(self, n_shards: int) -> Any:
        """Its documents, to be read from the beginning, in so many shards."""
        return self.data if self.is_of_hub else self.data.to_iterable_dataset(n_shards)


@lru_cache(maxsize=2)
def _opened(dataset: Dataset, version: str) -> Opened:
    """`version` is there for the cache: a folder may be written anew meanwhile."""
    library = needed("datasets", f"reading {dataset.source}")
    is_of_hub = dataset.source.startswith("hf://")
    try:
        if is_of_hub:
            name = HubAddress.of(dataset.source).name
            found = library.load_dataset(
                name, dataset.config, revision=dataset.revision, streaming=True
            )
        else:
            found = library.load_from_disk(dataset.source)
    # The library lets the errors of its HTTP client, of fsspec and of Arrow through.
    except Exception as error:
        raise explained(dataset.source, error) from error
    if not isinstance(found, dict):
        found = {None if found.split is None else str(found.split): found}
    split = dataset.split or ("train" if len(found) > 1 else next(iter(found), "train"))
    if split not in found:
        has = ", ".join(name for name in found if name) or "none: it was saved without its name"
        raise InputError(f"{dataset.source} has no split {split!r}; expected one of {has}")
    return Opened(found[split], split, is_of_hub)


def explained(source: str, error: Exception) -> InputError:
    """A sentence for what `datasets` raised."""
    cause = error.__cause__ if str(error) == "" else error
    reason = (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")
    return InputError(f"{source} cannot be read: {reason}")
