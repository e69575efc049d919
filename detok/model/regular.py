"""Which files are read at all: regular ones, that a checkpoint's folder holds, of a likely size.

A device never ends and a pipe may never begin; a link may lead to any file of this machine.
"""

import os
import stat
from pathlib import Path

from detok.errors import CheckpointError, InputError
from detok.model.amounts import in_bytes


def is_regular(path: Path | str) -> bool:
    """Whether a path is a file like any other, or leads to one, or to nothing.

    What is not there is left to whoever opens it.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return True


def check_regular(path: Path | str) -> None:
    """Raises: InputError for a folder, a pipe, a device and the like."""
    if not is_regular(path):
        raise InputError(f"{path} is a folder, pipe or device; expected a regular file")


def of_checkpoint(path: Path, at_most: int | None = None) -> Path:
    """The path of a checkpoint's file, to be read now, of so many bytes at most.

    Raises: CheckpointError for what is no regular file, is too large, or leads out of the folder.
    """
    if not is_regular(path):
        raise CheckpointError(f"{path} is a folder, pipe or device; expected a regular file")
    if not _stays(path):
        raise CheckpointError(
            f"{path} is a link out of its folder; expected a file of the folder itself"
        )
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError):
        return path
    if at_most is not None and size > at_most:
        raise CheckpointError(f"{path} has {in_bytes(size)}; expected at most {in_bytes(at_most)}")
    return path


def _stays(path: Path) -> bool:
    found, folder = (Path(os.path.realpath(p)) for p in (path, path.parent))
    if found.is_relative_to(folder):
        return True
    # The hub's cache: models--OWNER--NAME/snapshots/COMMIT/FILE leads to …/blobs/HASH.
    model = folder.parent.parent
    is_snapshot = folder.parent.name == "snapshots" and model.name.startswith("models--")
    return is_snapshot and found.parent == model / "blobs"
