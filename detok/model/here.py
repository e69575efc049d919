"""The models on this machine: bundled, fetched first layers, whole checkpoints of the hub."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detok.bundled import BUNDLED
from detok.errors import CheckpointError
from detok.model.files import files_of_weights, read_config
from detok.model.hub import entries
from detok.model.sizes import Sizes, sizes_of
from detok.model.source import whole_checkpoints

Kind = Literal["bundled", "first layer", "whole checkpoint"]


@dataclass(frozen=True)
class Here:
    """A model that needs no download."""

    model_id: str
    kind: Kind
    sizes: Sizes
    size: int  # bytes of its weights on the disk
    commit: str | None  # of the hub


def models_on_disk() -> Iterator[Here]:
    """What is on this machine; a damaged one, which would be fetched again, is left out."""
    for model_id, folder in BUNDLED.items():
        yield _of(model_id, "bundled", folder, None)
    for entry in entries.all_here():
        folder = entries.folder_of(entry.model_id, entry.commit)
        if entries.is_whole(folder):
            with suppress(CheckpointError):
                yield _of(entry.model_id, "first layer", folder, entry.commit)
    for model_id, folder in whole_checkpoints():
        with suppress(CheckpointError):
            yield _of(model_id, "whole checkpoint", folder, folder.name)


def _of(model_id: str, kind: Kind, folder: Path, commit: str | None) -> Here:
    size = sum(path.stat().st_size for path in files_of_weights(folder))
    return Here(model_id, kind, sizes_of(read_config(folder)), size, commit)
