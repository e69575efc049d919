"""Finds a checkpoint: bundled with detok, a local folder or file, or of the hub (fetched once)."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from detok.bundled import BUNDLED
from detok.errors import CheckpointError, NotDownloadable
from detok.model.files import (
    OLDER_TOKENIZERS,
    TOKENIZER,
    WEIGHTS,
    check_files,
    read_config,
    shards,
)
from detok.model.hub import branches, entries
from detok.model.hub.ranges import Progress
from detok.model.hub.sentences import explained

if TYPE_CHECKING:
    from detok.model.hub.remote import Remote


@dataclass(frozen=True)
class Source:
    """Where a checkpoint lies, and which commit of the hub it is (None for a local one)."""

    model_id: str
    folder: Path
    revision: str | None
    weights: Path | None = None  # a file beside config.json, if that was asked for
    latest: str | None = None  # the commit that its branch is at by now, as far as is known


def locate(
    model_id: str, revision: str | None = None, *, progress: Progress | None = None
) -> Source:
    """Resolves "mini", a local folder or file, or a hub id, of which the first layer is fetched.

    What is on this machine is used without asking the hub, but for where its branch is by now, once
    a day. `progress` is that of `fetch`.

    Raises: CheckpointError if there is no such folder; NotDownloadable if the hub does not give it.
    """
    here = locate_here(model_id, revision)
    if here is not None:
        return here
    folder = fetch(model_id, revision, progress=progress)
    return Source(model_id.strip(), folder, folder.name, latest=folder.name)


def locate_here(model_id: str, revision: str | None = None) -> Source | None:
    """As `locate`, but None for a model of the hub that is yet to be fetched.

    Raises: CheckpointError for what is neither a folder nor an id.
    """
    model_id = model_id.strip()
    here = _here(model_id, revision)
    if here is not None:
        return here
    _check_id(model_id)
    folder = on_this_machine(model_id, revision)
    if folder is None:
        return None
    latest = branches.latest(model_id, revision, folder.name)
    return Source(model_id, folder, folder.name, latest=latest)


def locate_whole(model_id: str, revision: str | None = None) -> Source:
    """As `locate`, of a model of which all layers are on this machine; the hub is not asked.

    Raises: CheckpointError if there is no such folder; NotDownloadable for a model of the hub
    of which not all layers are here.
    """
    model_id = model_id.strip()
    here = _here(model_id, revision)
    if here is not None:
        return here
    _check_id(model_id)
    folder = _whole_here(model_id, revision)
    if folder is None:
        raise NotDownloadable(
            f"{model_id!r} is not on this machine with all its layers, which may be several times "
            f"as large as the first; detok.fetch_whole({model_id!r}) brings them here"
        )
    return Source(model_id, folder, folder.name)


def fetch_whole(
    model_id: str, revision: str | None = None, *, progress: Progress | None = None
) -> Path:
    """As `fetch`, but all layers of a GPT-2, which only `load_model` needs: of "gpt2" 548 MB.

    They are kept in the cache of `huggingface_hub`, where other programs find them too.

    Raises: CheckpointError for a model that cannot be used, or of another family; NotDownloadable
    if the hub does not give it, or there is no room for it.
    """
    model_id = model_id.strip()
    here = _here(model_id, revision)
    if here is not None:
        return here.folder
    _check_id(model_id)
    folder = _whole_here(model_id, revision)
    if folder is not None:
        return folder
    # Imported here: what is on this machine does not need it.
    from detok.model.families import check_whole
    from detok.model.hub.remote import Remote
    from detok.model.hub.whole import fetch_checkpoint

    remote = Remote(model_id, revision)
    check_whole(remote.config())
    folder = fetch_checkpoint(remote, progress)
    remote.note()
    return folder


def _whole_here(model_id: str, revision: str | None) -> Path | None:
    """The folder of a whole checkpoint in the hub's cache: of the commit in use, if it is noted."""
    known = None if branches.is_commit(revision) else branches.noted(model_id, revision)
    noted = None if known is None else _whole_checkpoint(model_id, known.commit)
    return noted or _whole_checkpoint(model_id, revision)


def fetch(model_id: str, revision: str | None = None, *, progress: Progress | None = None) -> Path:
    """Brings a model of the hub to this machine, as the hub has it now; gives its folder.

    For "gpt2" these are 167 of 548 MB: only the tensors of the first layer, the configuration and
    the tokenizer. What is here already is not fetched again. `progress` is called with the bytes
    that are here, and those wanted in all; what it raises ends the download, which goes on from
    there when it is asked for again.

    Raises: CheckpointError for a model that cannot be used, NotDownloadable if the hub does not
    give it.
    """
    model_id = model_id.strip()
    here = _here(model_id, revision)
    if here is not None:
        return here.folder
    _check_id(model_id)
    # Imported here: what is on this machine does not need it.
    from detok.model.hub.remote import Remote

    return fetch_commit(Remote(model_id, revision), progress)


def fetch_commit(remote: "Remote", progress: Progress | None = None) -> Path:
    """As `fetch`, of what the hub was asked for already."""
    from detok.model.hub.fetch import fetch_first_layer

    whole = _whole_checkpoint(remote.model_id, remote.commit)
    folder = whole or fetch_first_layer(remote, progress)
    remote.note()
    return folder


def is_of_the_hub(model_id: str) -> bool:
    """Whether a model is neither bundled nor local.

    Raises: CheckpointError for a path to nothing.
    """
    return _here(model_id.strip()) is None


def on_this_machine(model_id: str, revision: str | None = None) -> Path | None:
    """The folder of a model of the hub that needs no download; None if there is none.

    That is a first layer that was fetched before, or a whole checkpoint in the hub's cache.
    """
    if branches.is_commit(revision):
        commit = revision
    else:
        known = branches.noted(model_id, revision)
        commit = None if known is None else known.commit
    if commit is not None:
        folder = entries.folder_of(model_id, commit)
        folder = folder if entries.is_whole(folder) else _whole_checkpoint(model_id, commit)
        if folder is not None:
            return folder
    return _whole_checkpoint(model_id, revision)


def models_here() -> Iterator[str]:
    """The ids of the hub's models that need no download."""
    seen = set()
    for entry in entries.all_here():
        if entry.model_id not in seen:
            seen.add(entry.model_id)
            yield entry.model_id
    for model_id, _ in whole_checkpoints():
        if model_id not in seen:
            yield model_id


def whole_checkpoints() -> Iterator[tuple[str, Path]]:
    """The ids and folders of the supported models that the hub's own cache has all of."""
    # Imported here: it takes torch, which finding a tokenizer should not wait for.
    from detok.model.families import family_of

    for model_id in _cached_ids():
        folder = _whole_checkpoint(model_id, None)
        if folder is not None:
            with suppress(CheckpointError):
                family_of(read_config(folder))
                yield model_id, folder


def locate_tokenizer(model_id: str) -> Path:
    """The folder of a model's tokenizer; unlike `locate` it needs, and downloads, nothing else.

    Raises: CheckpointError if there is no such folder; NotDownloadable if the hub does not give it.
    """
    model_id = model_id.strip()
    here = _here(model_id)
    if here is not None:
        return here.folder
    _check_id(model_id)
    return on_this_machine(model_id) or _cached_tokenizer(model_id) or _fetch_tokenizer(model_id)


def _here(model_id: str, revision: str | None = None) -> Source | None:
    """A model that needs no hub; None for a hub id."""
    path = Path(os.path.expanduser(model_id))
    found = None
    if model_id in BUNDLED:
        found = Source(model_id, BUNDLED[model_id], None)
    elif model_id and os.path.isdir(path):  # unlike Path.is_dir, False for a name too long
        found = Source(model_id, path, None)
    elif model_id.endswith(".safetensors") and os.path.isfile(path):
        found = Source(model_id, path.parent, None, weights=path)
    if found is not None and revision:
        raise CheckpointError(
            f"{model_id!r} is not of the hub and has no revision {revision!r}; expected none"
        )
    if found is not None:
        return found
    if not model_id or path.is_absolute() or model_id.startswith((".", "~")):
        raise CheckpointError(
            f"{model_id!r} is not a folder; expected a checkpoint folder, a .safetensors file "
            f"beside its config.json, a hub id such as 'gpt2', or a bundled model "
            f"({', '.join(BUNDLED)})"
        )
    return None


def _check_id(model_id: str) -> None:
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(model_id)
    except HFValidationError as error:
        raise explained(error, model_id, None) from error


def _whole_checkpoint(model_id: str, revision: str | None) -> Path | None:
    """The folder of the hub's own cache, if it has all that is needed of a model."""
    # Imported here: nothing on the way to the bundled model needs it.
    import huggingface_hub as hub

    try:
        config = hub.try_to_load_from_cache(model_id, "config.json", revision=revision or None)
        folder = Path(config).parent if isinstance(config, str) else None
        if folder is None:
            return None
        check_files(str(folder), os.listdir(folder))
        whole = (folder / WEIGHTS).exists() or all(p.exists() for p in shards(folder).values())
        return folder if whole else None
    except (ValueError, OSError):
        return None  # for the download to explain, or to mend


def _cached_ids() -> Iterator[str]:
    from huggingface_hub import constants

    for folder in sorted(Path(constants.HF_HUB_CACHE).glob("models--*")):
        yield "/".join(folder.name.split("--")[1:])


def _cached_tokenizer(model_id: str) -> Path | None:
    import huggingface_hub as hub

    known = branches.noted(model_id, None)
    commit = None if known is None else known.commit
    try:
        for names in ((TOKENIZER,), *OLDER_TOKENIZERS):
            paths = [hub.try_to_load_from_cache(model_id, name, revision=commit) for name in names]
            if all(isinstance(path, str) for path in paths):
                return Path(str(paths[0])).parent
    except (ValueError, OSError):
        pass  # for the download to explain, or to mend
    return None


def _fetch_tokenizer(model_id: str) -> Path:
    from detok.model.hub.remote import Remote

    remote = Remote(model_id)
    folder = remote.tokenizer()[0].parent
    remote.note()
    return folder
