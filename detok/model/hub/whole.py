"""Fetches all layers of a model of the hub, into the hub's own cache."""

import shutil
from pathlib import Path
from typing import Any

from detok.errors import NotDownloadable
from detok.model.amounts import in_bytes
from detok.model.files import WEIGHTS, WEIGHTS_INDEX, check_files, shards
from detok.model.hub.ranges import Ended, Progress
from detok.model.hub.remote import Remote
from detok.model.hub.sentences import TIMEOUT_S


def fetch_checkpoint(remote: Remote, progress: Progress | None = None) -> Path:
    """The folder of a model's whole checkpoint; what of it is in the cache is not fetched again.

    `progress` is called with the bytes of weights that are here, and those wanted in all; what it
    raises ends the download, which another call takes up.

    Raises: CheckpointError for a model that cannot be used; NotDownloadable if the hub does not
    give it, or there is no room for it.
    """
    check_files(remote.where, remote.names)
    folder = remote.file("config.json").parent
    remote.tokenizer()
    names = {WEIGHTS}
    if WEIGHTS not in remote.names:
        names = {path.name for path in shards(remote.file(WEIGHTS_INDEX).parent).values()}
    size = remote.size() or 0
    _check_room(folder, size, remote.model_id)
    bar = _bar(size, progress)
    try:
        for name in sorted(names):
            _file(remote, name, bar)
    except Ended as ended:
        raise ended.error from None
    return folder


def _file(remote: Remote, name: str, bar: Any) -> None:
    import huggingface_hub as hub

    with remote.explaining():
        hub.hf_hub_download(
            remote.model_id,
            name,
            revision=remote.commit,
            etag_timeout=TIMEOUT_S,
            tqdm_class=bar,
        )


def _bar(wanted: int, progress: Progress | None) -> Any:
    """A progress bar as `huggingface_hub` makes one for each file, which shows nothing itself."""
    from huggingface_hub.utils import tqdm

    here = 0

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named | {"disable": True})
            self.update(named.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            nonlocal here
            here += int(n or 0)
            if progress is not None:
                try:
                    progress(min(here, wanted), wanted)
                except Exception as error:
                    raise Ended(error) from error

    return Bar


def _check_room(folder: Path, size: int, model_id: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise NotDownloadable(
            f"all layers of {model_id!r} take {in_bytes(size)}, and {in_bytes(free)} are free in "
            f"{folder}; make room, or set HF_HOME to a folder on another disk"
        )
