"""What is counted, whatever it lies in, becomes parts."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from detok.counting.dataset import Dataset
from detok.counting.files import EXPECTED, File, files_in, kind_of
from detok.counting.hub_address import HubAddress
from detok.counting.parts import Part, Report, parts_of
from detok.counting.remote import files_at, is_address
from detok.counting.shards import Shard, shards_of
from detok.errors import InputError

Source = Path | str | Dataset


def chosen(paths: list[str], choices: dict[str, Any]) -> list[Source]:
    """The paths and addresses; what of `Dataset` is chosen holds for the data sets among them.

    Raises: InputError if there is none.
    """
    if choices and not any(map(Dataset.is_one, paths)):
        raise InputError(
            f"{' and '.join(choices)} is asked of no data set; expected hf://datasets/OWNER/NAME "
            "or a folder that the library datasets saved"
        )
    return [Dataset(path, **choices) if Dataset.is_one(path) else path for path in paths]


@dataclass
class Sources:
    """The parts of several sources, and what to call them."""

    parts: list[Part | Shard] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)  # with their commits

    @classmethod
    def of(cls, sources: Iterable[Source], column: str, report: Report) -> "Sources":
        """Files, folders of them, their addresses, and data sets, in this order.

        Raises: InputError for what is not there or cannot be read.
        """
        found = cls()
        paths: list[Path] = []
        files: list[File] = []
        for source in sources:
            if isinstance(source, Dataset) or Dataset.is_one(source):
                dataset = source if isinstance(source, Dataset) else Dataset(str(source))
                shards, described = shards_of(dataset, column)
                found.parts += shards
                found.names.append(dataset.name)
                found.datasets.append(described)
            elif is_address(source):
                more = [file for file in files_at(str(source)) if kind_of(file)]
                if not more:
                    raise InputError(f"{source} holds no text file; expected {EXPECTED}")
                hub = more[0].on_hub
                found.names.append(more[0].name if hub is None else hub.name)
                if hub is not None:
                    asked = replace(HubAddress.of(str(source)), revision=None)
                    found.datasets.append(f"{asked}, commit {hub.revision}")
                files += more
            else:
                paths.append(Path(source))
                found.names.append(Path(source).name or str(source))
        files += files_in(paths)
        found.parts += [part for file in files for part in parts_of(file, column, report)]
        return found
