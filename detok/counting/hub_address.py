"""Addresses of data sets on the hub, and the commit that each means now."""

import re
from dataclasses import dataclass, replace
from typing import Self

from detok.errors import InputError

_ADDRESS = re.compile(
    r"hf://datasets/(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^/]+))?(?:/(?P<path>.*))?"
)


@dataclass(frozen=True)
class HubAddress:
    """`hf://datasets/OWNER/NAME`, or a file or folder in it: …/PATH, at a revision: …/NAME@TAG."""

    name: str
    revision: str | None = None
    path: str = ""

    @classmethod
    def of(cls, address: str) -> Self:
        """Raises: InputError if it is none."""
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise InputError(
                f"{address!r} is no address of a data set; expected hf://datasets/OWNER/NAME, or "
                "files in it: hf://datasets/OWNER/NAME/PATH"
            )
        return cls(match["name"], match["revision"], (match["path"] or "").strip("/"))

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"hf://datasets/{self.name}{revision}" + (f"/{self.path}" if self.path else "")

    def pinned(self) -> Self:
        """The same at the commit that the revision means now.

        Raises: InputError if the hub does not say it.
        """
        import huggingface_hub as hub

        try:
            info = hub.HfApi().dataset_info(self.name, revision=self.revision)
        # The hub library lets the errors of its HTTP client through.
        except Exception as error:
            raise self.explained(error) from error
        return replace(self, revision=str(info.sha))

    def explained(self, error: Exception) -> InputError:
        """A sentence for what the hub's client raised."""
        from huggingface_hub import errors

        if isinstance(error, errors.RevisionNotFoundError):
            return InputError(
                f"the hub has no revision {self.revision!r} of the data set {self.name!r}; "
                "expected a branch, a tag or a commit"
            )
        if isinstance(error, errors.RepositoryNotFoundError):
            return InputError(
                f"the hub has no public data set {self.name!r}; expected one such as "
                "hf://datasets/HuggingFaceFW/fineweb"
            )
        if isinstance(error, errors.GatedRepoError) or status_of(error) in (401, 403):
            return InputError(
                f"the hub asks for permission to read {self}; request it on the data set's page "
                "and set the environment variable HF_TOKEN"
            )
        if isinstance(error.__cause__ or error, errors.OfflineModeIsEnabled):
            return InputError(f"{self} cannot be read: HF_HUB_OFFLINE is set; unset it")
        cause = error.__cause__ or error
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        return InputError(f"{self} cannot be read ({reason}); connect to the network and try again")


def status_of(error: BaseException) -> int | None:
    """What a server answered: in an error of aiohttp, or of the hub's client."""
    response = getattr(error, "response", None)
    return getattr(error, "status", None) or getattr(response, "status_code", None)
