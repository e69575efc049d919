"""First layers that were fetched before: where they are kept, whether they are whole, and which.

An entry is a folder like a checkpoint's: config.json, the tokenizer, model.safetensors with nothing
but the tensors that were fetched, and `entry.json`, written last, which says what it is.
"""

import json
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from detok.model.files import WEIGHTS

_ENTRY = "entry.json"
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Entry:
    """What an entry says of itself."""

    model_id: str
    commit: str
    size: int  # bytes of model.safetensors
    crc32: int


def folder_of(model_id: str, commit: str) -> Path:
    """Where the entry of a commit is, or would be."""
    return _home(model_id) / commit


def parts_of(model_id: str, commit: str) -> Path:
    """Where an entry lies that is not whole yet."""
    return _home(model_id) / f"{commit}.part"


def lock(model_id: str) -> FileLock:
    """Held by the process that fetches a model, or writes what is noted of it."""
    home = _home(model_id)
    home.mkdir(parents=True, exist_ok=True)
    return FileLock(home / "lock")


def notes_of(model_id: str) -> Path:
    """The file of what is noted of a model's branches."""
    return _home(model_id) / "branches.json"


def _root() -> Path:
    from huggingface_hub import constants

    # Where `cached_assets_path` would put it, but made only when something is kept there.
    return Path(constants.HF_ASSETS_CACHE) / "detok" / "first_layers"


def _home(model_id: str) -> Path:
    return _root() / model_id.replace("/", "--")


def keep(parts: Path, model_id: str, commit: str) -> Path:
    """Makes an entry of a folder that has become whole."""
    weights = parts / WEIGHTS
    entry = Entry(model_id, commit, weights.stat().st_size, _crc32(weights))
    (parts / _ENTRY).write_text(json.dumps(asdict(entry)), encoding="utf-8")
    folder = folder_of(model_id, commit)
    shutil.rmtree(folder, ignore_errors=True)
    parts.rename(folder)
    return folder


def read(folder: Path) -> Entry | None:
    """What is in a folder, if it is an entry; its weights are not looked at."""
    try:
        return Entry(**json.loads((folder / _ENTRY).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_whole(folder: Path) -> bool:
    """Whether an entry's weights are as they were fetched: every byte is read."""
    entry = read(folder)
    weights = folder / WEIGHTS
    try:
        return (
            entry is not None
            and weights.stat().st_size == entry.size
            and _crc32(weights) == entry.crc32
        )
    except OSError:
        return False


def all_here() -> Iterator[Entry]:
    """The entries on this machine, the newest of a model first."""
    folders = [path.parent for path in _root().glob(f"*/*/{_ENTRY}")]
    for folder in sorted(folders, key=lambda f: -(f / _ENTRY).stat().st_mtime):
        entry = read(folder)
        if entry is not None:
            yield entry


def _crc32(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value
