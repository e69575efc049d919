"""Files behind addresses, which are read over the network."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from detok.counting.extra import needed
from detok.counting.hub_address import HubAddress, status_of
from detok.errors import InputError

SCHEMES = ("hf://", "https://", "http://")
# Seconds to wait before what broke off is asked for again.
PAUSES_S = (1.0, 4.0, 16.0)


def is_address(path: object) -> bool:
    """Whether this is no path of this machine."""
    return isinstance(path, str) and path.startswith(SCHEMES)


@dataclass(frozen=True)
class RemoteFile:
    """A file that fsspec opens, of which one can read any part; it is used as a `Path` is."""

    address: str
    size: int  # in bytes
    version: str  # changes when the file does, if its server says so

    def __str__(self) -> str:
        return self.address

    @property
    def on_hub(self) -> HubAddress | None:
        """Its address with its commit, if it is of the hub."""
        return HubAddress.of(self.address) if self.address.startswith("hf://") else None

    @property
    def name(self) -> str:
        path = self.address if self.on_hub else urlsplit(self.address).path
        return PurePosixPath(path).name

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """Its bytes, from any place on.

        Reading raises: InputError, after some tries, if they do not come.
        """
        return io.BufferedReader(_Stream(self), 1 << 16)


class _Stream(io.RawIOBase):
    """Goes on where a connection broke."""

    def __init__(self, file: RemoteFile) -> None:
        self._file, self._at = file, 0
        self._connected: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = (0, self._at, self._file.size)[whence] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        n = max(0, min(len(buffer), self._file.size - self._at))
        content = self._read(n) if n else b""
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def _read(self, n: int) -> bytes:
        for pause in (*PAUSES_S, None):
            try:
                if self._connected is None:
                    self._connected = _filesystem(self._file.address).open(self._file.address, "rb")
                self._connected.seek(self._at)
                if content := self._connected.read(n):
                    return content
                raise EOFError(f"it ended at byte {self._at} of {self._file.size}")
            # Every filesystem of fsspec lets the errors of its own HTTP client through.
            except Exception as error:
                if pause is None or _is_final(error):
                    raise _unreadable(self._file.address, error) from error
            self._disconnect()
            time.sleep(pause)
        raise AssertionError

    def _disconnect(self) -> None:
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def close(self) -> None:
        self._disconnect()
        super().close()


def files_at(address: str) -> Iterator[RemoteFile]:
    """The file at an address; of the hub all in a folder, or that fit a pattern with "*".

    Files of the hub are those of the commit that the revision means now.

    Raises: InputError if there is none, or its server does not tell how long it is.
    """
    if address.startswith("hf://"):
        address = str(HubAddress.of(address).pinned())
    files = _filesystem(address)
    try:
        if not address.startswith("hf://"):
            found = {address: files.info(address)}
        elif "*" in address:
            found = files.glob(address, detail=True)
        else:
            found = files.find(address, detail=True)
    except Exception as error:
        raise _unreadable(address, error) from error
    if not found:
        raise _unreadable(address, FileNotFoundError())
    for name, info in sorted(found.items()):
        if info["type"] == "directory":
            continue
        if info.get("size") is None:
            raise InputError(
                f"{address} cannot be read: its server does not tell how long it is; expected a "
                "file that can be read in parts"
            )
        where = f"hf://{name}" if address.startswith("hf://") else address
        version = str(info.get("ETag") or info.get("Last-Modified") or "")
        yield RemoteFile(where, info["size"], version)


def _filesystem(address: str) -> Any:
    if address.startswith("hf://"):
        from huggingface_hub import HfFileSystem

        return HfFileSystem()
    needed("aiohttp", "reading from https://")
    return needed("fsspec", "reading from https://").filesystem("https")


def _is_final(error: Exception) -> bool:
    """Whether asking again would be answered alike: it is not there, or not for us."""
    status = status_of(error)
    is_refusal = status is not None and 400 <= status < 500 and status not in (408, 429)
    return is_refusal or isinstance(error, ValueError | FileNotFoundError | ImportError)


def _unreadable(address: str, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    # fsspec says of all that goes wrong at first that the file is not there.
    cause = error.__cause__ or error
    if isinstance(cause, FileNotFoundError) or status_of(cause) == 404:
        return InputError(f"{address} is not there; expected a file, or a folder of them")
    if isinstance(cause, Exception) and address.startswith("hf://"):
        return HubAddress.of(address).explained(cause)
    reason = (str(cause) or type(cause).__name__).splitlines()[0]
    return InputError(f"{address} cannot be read ({reason}); try again later")
