"""What went wrong with the hub, in a sentence that a person can act on."""

import errno
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from detok.errors import CheckpointError, NotDownloadable
from detok.model.hub.entries import all_here

T = TypeVar("T")
# How long the hub may take to answer before it counts as out of reach.
TIMEOUT_S = 5.0


def explained(error: Exception, model_id: str, revision: str | None) -> CheckpointError:
    """The error to raise for one that came while the hub was asked."""
    from huggingface_hub import errors

    if isinstance(error, CheckpointError):
        return error
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
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NotDownloadable(
            f"the disk is full: {model_id!r} could not be written to {error.filename or 'it'}; "
            "make room, or set HF_HOME to a folder on another disk"
        )
    if isinstance(error, PermissionError) and error.filename:
        return NotDownloadable(
            f"{error.filename} cannot be written, so that {model_id!r} could not be kept; expected "
            "a cache folder that may be written: set HF_HOME to one"
        )
    if isinstance(error, errors.HfHubHTTPError):
        reason = f"the hub answered HTTP {error.response.status_code}"
        remedy = "try again later, or check HF_TOKEN if the model is private"
    elif isinstance(error.__cause__ or error, errors.OfflineModeIsEnabled):
        reason = "HF_HUB_OFFLINE is set"
        remedy = "unset it"
    elif isinstance(error, TimeoutError):
        reason = f"the hub did not answer within {TIMEOUT_S:g} s"
        remedy = "connect to the network"
    else:
        cause = error.__cause__ or error
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        remedy = "connect to the network and try again"
    here = ", ".join(["'mini'", *(repr(entry.model_id) for entry in all_here())])
    return NotDownloadable(
        f"{model_id!r} is not on this machine yet and could not be downloaded ({reason}); "
        f"{remedy}, or choose what is here: {here}, or a local folder"
    )


def within(seconds: float, ask: Callable[[], T]) -> T:
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
