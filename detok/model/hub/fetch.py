"""Fetches the first layer of a model of the hub, and makes a checkpoint of it."""

import errno
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open

from detok.errors import NotDownloadable
from detok.model.checkpoint import lacking
from detok.model.files import WEIGHTS
from detok.model.hub import entries
from detok.model.hub.ranges import Ended, Progress, Range, fetch_ranges, pieces
from detok.model.hub.remote import Location, Remote

# A download that has all it wants leaves room for as much as this.
SPARE = 64 << 20
_JOURNAL = "pieces"


def fetch_first_layer(remote: Remote, progress: Progress | None = None) -> Path:
    """The folder of a model's first layer; only what is missing of it is fetched.

    What an older detok fetched lacks what the heads write: that alone is then fetched.

    `progress` is called with the bytes of weights that are here, and those wanted in all; what it
    raises ends the download, which another call takes up.

    Raises: CheckpointError for a model that cannot be used; NotDownloadable if the hub does not
    give it, or there is no room for it.
    """
    folder = entries.folder_of(remote.model_id, remote.commit)
    if entries.is_whole(folder) and not lacking(folder):
        return folder
    config = remote.config()
    tensors = remote.tensors(config)
    beside = [remote.file("config.json"), *remote.tokenizer()]
    try:
        with remote.explaining(), entries.lock(remote.model_id):
            # Another process may have been faster.
            if not (entries.is_whole(folder) and _holds(folder / WEIGHTS, tensors)):
                _fetch(remote, tensors, beside, progress)
    except Ended as ended:
        raise ended.error from None
    return folder


def _fetch(
    remote: Remote, tensors: Sequence[Location], beside: Sequence[Path], progress: Progress | None
) -> None:
    parts = entries.parts_of(remote.model_id, remote.commit)
    header = _header(tensors)
    size = len(header) + sum(tensor.size for tensor in tensors)
    weights, journal = parts / WEIGHTS, parts / _JOURNAL
    if not _goes_on(weights, header, size):
        # Of any commit: nobody else fetches this model now.
        for left in parts.parent.glob("*.part"):
            shutil.rmtree(left, ignore_errors=True)
        parts.mkdir(parents=True)
        _check_room(parts, size, remote.model_id)
        with weights.open("wb") as file:
            file.write(header)
            file.truncate(size)
        _take_along(remote, tensors, len(header), weights, journal)
    try:
        fetch_ranges(_ranges(remote, tensors, len(header)), weights, journal, progress)
        for path in beside:
            shutil.copyfile(path, parts / path.name)
        folder = entries.keep(parts, remote.model_id, remote.commit)
    except BaseException as error:
        is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        if is_full or not (journal.exists() and any(journal.read_bytes())):
            shutil.rmtree(parts, ignore_errors=True)  # nothing to go on from
        raise
    (folder / _JOURNAL).unlink()


def _take_along(
    remote: Remote, tensors: Sequence[Location], at: int, weights: Path, journal: Path
) -> None:
    """Copies what an older entry of the same commit has of some tensors, and notes it as done."""
    folder = entries.folder_of(remote.model_id, remote.commit)
    if not entries.is_whole(folder):
        return
    done = b""
    with safe_open(folder / WEIGHTS, framework="pt") as old, weights.open("r+b") as file:
        for tensor, where in zip(tensors, _ranges(remote, tensors, at), strict=True):
            is_old = tensor.name in old.keys()  # noqa: SIM118
            if is_old:
                numbers = old.get_tensor(tensor.name).contiguous().view(torch.uint8).numpy()
                file.seek(where.to)
                file.write(numbers.tobytes())
            done += bytes([is_old]) * len(pieces([where]))
    journal.write_bytes(done)


def bytes_kept(remote: Remote, tensors: Sequence[Location]) -> int:
    """The bytes that an interrupted download has left here, from which the next goes on."""
    parts = entries.parts_of(remote.model_id, remote.commit)
    if not _holds(parts / WEIGHTS, tensors):
        return 0
    journal = parts / _JOURNAL
    whole = journal.read_bytes() if journal.exists() else b""
    cut = pieces(_ranges(remote, tensors, len(_header(tensors))))
    return sum(p.size for p, done in zip(cut, whole, strict=False) if done)


def _ranges(remote: Remote, tensors: Sequence[Location], at: int) -> list[Range]:
    """Where the tensors lie on the hub, and where in a file that has them from `at` on."""
    ranges = []
    for tensor in tensors:
        ranges.append(Range(remote.url(tensor.file), tensor.start, tensor.size, at))
        at += tensor.size
    return ranges


def _header(tensors: Sequence[Location]) -> bytes:
    """The beginning of a safetensors file of some tensors, whose data follow in their order."""
    entries_of = {}
    at = 0
    for tensor in tensors:
        offsets = [at, at + tensor.size]
        entries_of[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": tensor.shape,
            "data_offsets": offsets,
        }
        at += tensor.size
    text = json.dumps({"__metadata__": {"format": "pt"}, **entries_of}).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _holds(weights: Path, tensors: Sequence[Location]) -> bool:
    """Whether a file has these tensors, and no others."""
    header = _header(tensors)
    return _goes_on(weights, header, len(header) + sum(tensor.size for tensor in tensors))


def _goes_on(weights: Path, header: bytes, size: int) -> bool:
    """Whether a file is what an interrupted download of the same tensors left."""
    try:
        with weights.open("rb") as file:
            return file.read(len(header)) == header and weights.stat().st_size == size
    except OSError:
        return False


def _check_room(folder: Path, size: int, model_id: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise NotDownloadable(
            f"the disk of {folder} has {free / 1e6:,.0f} MB free, and {model_id!r} needs "
            f"{(size + SPARE) / 1e6:,.0f} MB; expected more: make room, or set HF_HOME to a folder "
            "on another disk"
        )
