"""Finds a checkpoint: bundled with detok, in a local folder, or on the hub (downloaded once)."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from detok.bundled import BUNDLED
from detok.errors import CheckpointError, NotDownloadable
from detok.model.files import (
    OLDER_TOKENIZERS,
    TOKENIZER,
    WEIGHTS,
    WEIGHTS_INDEX,
    check_files,
    check_tokenizer,
    read_config,
    shards,
    tokenizer_files,
)

T = TypeVar("T")
# How long the hub may take to answer before it counts as out of reach.
HUB_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Source:
    """Where a checkpoint lies, and which revision it is (None for a local folder)."""

    model_id: str
    folder: Path
    revision: str | None


def locate(model_id: str, revision: str | None = None) -> Source:
    """Resolves "mini", a local folder or a hub id, downloading the last if it is not cached yet.

    Raises: CheckpointError if there is no such folder; NotDownloadable if the hub does not give it.
    """
    model_id = model_id.strip()
    here = _here(model_id)
    if here is not None:
        return Source(model_id, here, None)
    folder = _cached(model_id, revision) or _download(model_id, revision)
    return Source(model_id, folder, folder.name)


def locate_tokenizer(model_id: str) -> Path:
    """The folder of a model's tokenizer; unlike `locate` it needs, and downloads, nothing else.

    Raises: CheckpointError if there is no such folder; NotDownloadable if the hub does not give it.
    """
    model_id = model_id.strip()
    return _here(model_id) or _cached_tokenizer(model_id) or _download_tokenizer(model_id)


def _here(model_id: str) -> Path | None:
    """The folder of a model that needs no hub; None for a hub id."""
    if model_id in BUNDLED:
        return BUNDLED[model_id]
    folder = Path(os.path.expanduser(model_id))
    if model_id and os.path.isdir(folder):  # unlike Path.is_dir, False for a name that is too long
        return folder
    if not model_id or folder.is_absolute() or model_id.startswith((".", "~")):
        raise CheckpointError(
            f"{model_id!r} is not a folder; expected a checkpoint folder, a hub id such as 'gpt2', "
            f"or a bundled model ({', '.join(BUNDLED)})"
        )
    return None


def _cached(model_id: str, revision: str | None) -> Path | None:
    """The hub cache's folder of a model if it has all that is needed; asks no network."""
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


def _download(model_id: str, revision: str | None) -> Path:
    import huggingface_hub as hub

    # Imported here: a tokenizer is found without torch.
    from detok.model.families import family_of

    def fetch(name: str, revision: str | None) -> Path:
        path = hub.hf_hub_download(model_id, name, revision=revision, etag_timeout=HUB_TIMEOUT_S)
        return Path(path)

    def ask() -> Any:
        return hub.model_info(model_id, revision=revision or None, timeout=HUB_TIMEOUT_S)

    try:
        names = {file.rfilename for file in _within(HUB_TIMEOUT_S, ask).siblings or ()}
        where = f"{model_id!r} on the hub"
        if "config.json" not in names:
            raise CheckpointError(f"{where} has no config.json; expected a GPT-2 checkpoint")
        # A model that cannot be used is refused before its gigabytes are downloaded. Other files
        # are asked for by this one's commit, in case the branch moves meanwhile.
        folder = fetch("config.json", revision or None).parent
        family_of(read_config(folder)).plan(read_config(folder))
        check_files(where, names)
        # Weights come last: where they are in the cache, the rest is.
        for name in tokenizer_files(names):
            fetch(name, folder.name)
        if WEIGHTS in names:
            fetch(WEIGHTS, folder.name)
        else:
            fetch(WEIGHTS_INDEX, folder.name)
            for path in sorted(set(shards(folder).values())):
                fetch(path.relative_to(folder).as_posix(), folder.name)
        return folder
    except CheckpointError:
        raise
    # The hub library lets the errors of its HTTP client, of Xet and of JSON through.
    except Exception as error:
        raise _hub_error(error, model_id, revision) from error


def _cached_tokenizer(model_id: str) -> Path | None:
    import huggingface_hub as hub

    try:
        for names in ((TOKENIZER,), *OLDER_TOKENIZERS):
            paths = [hub.try_to_load_from_cache(model_id, name) for name in names]
            if all(isinstance(path, str) for path in paths):
                return Path(str(paths[0])).parent
    except (ValueError, OSError):
        pass  # for the download to explain, or to mend
    return None


def _download_tokenizer(model_id: str) -> Path:
    import huggingface_hub as hub

    def ask() -> Any:
        return hub.model_info(model_id, timeout=HUB_TIMEOUT_S)

    try:
        names = {file.rfilename for file in _within(HUB_TIMEOUT_S, ask).siblings or ()}
        check_tokenizer(f"{model_id!r} on the hub", names)
        # The cache notes which commit the branch is at only when it is asked for the branch.
        revision = None
        for name in tokenizer_files(names):
            path = hub.hf_hub_download(
                model_id, name, revision=revision, etag_timeout=HUB_TIMEOUT_S
            )
            revision = Path(path).parent.name
        return Path(path).parent
    except CheckpointError:
        raise
    # The hub library lets the errors of its HTTP client, of Xet and of JSON through.
    except Exception as error:
        raise _hub_error(error, model_id, None) from error


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """What `ask` returns, or a TimeoutError.

    The timeouts of the HTTP client count anew for every address and request, and not for DNS.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    # A daemon, so that a silent network does not hold up the end of the program either.
    Thread(target=run, daemon=True).start()
    return answer.result(timeout=seconds)


def _hub_error(error: Exception, model_id: str, revision: str | None) -> CheckpointError:
    from huggingface_hub import errors

    if isinstance(error, errors.HFValidationError):
        return CheckpointError(
            f"{model_id!r} is neither a folder nor a hub id; expected 'name' or 'owner/name'"
        )
    if isinstance(error, errors.GatedRepoError):
        return NotDownloadable(
            f"the hub asks for permission to download {model_id!r}; request it on the model's page "
            "and set the environment variable HF_TOKEN"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return NotDownloadable(
            f"the hub has no revision {revision!r} of {model_id!r}; expected a branch, a tag or a "
            "commit"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return NotDownloadable(
            f"{model_id!r} is neither a folder here nor a public model of the hub; expected an id "
            "such as 'gpt2'"
        )
    if isinstance(error, errors.HfHubHTTPError):
        reason = f"the hub answered HTTP {error.response.status_code}"
        remedy = "try again later, or check HF_TOKEN if the model is private"
    elif isinstance(error.__cause__ or error, errors.OfflineModeIsEnabled):
        reason = "HF_HUB_OFFLINE is set"
        remedy = "unset it"
    elif isinstance(error, TimeoutError):
        reason = f"the hub did not answer within {HUB_TIMEOUT_S:g} s"
        remedy = "connect to the network"
    else:
        cause = error.__cause__ or error
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        remedy = "connect to the network and try again"
    return NotDownloadable(
        f"{model_id!r} is not on this machine yet and could not be downloaded ({reason}); "
        f"{remedy}, or choose the bundled model 'mini' or a local folder"
    )
