"""The files of a corpus: which there are, by their names, and how they are opened."""

import io
import os
from pathlib import Path
from typing import Literal

import pyarrow as pa

from detok.counting.remote import RemoteFile
from detok.errors import InputError
from detok.model.regular import check_regular

# What is read as a `Path` is: opened, named and shown.
File = Path | RemoteFile
Kind = Literal["txt", "jsonl", "parquet"]
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
KINDS: dict[str, Kind] = {".txt": "txt", ".jsonl": "jsonl", ".parquet": "parquet"}
BLOCK_BYTES = 1 << 16
EXPECTED = ".txt or .jsonl (also with .gz or .zst), or .parquet"


def files_in(paths: list[Path]) -> list[Path]:
    """The files of the kinds above, those in folders sorted by path; a file given twice comes once.

    Raises: InputError for a path that is not there, a file of another kind, or one that is no
    regular file.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = [Path(at, name) for at, _, names in os.walk(path) for name in names]
            more = sorted(file for file in inside if kind_of(file))
            if not more:
                raise InputError(f"{path} holds no text file; expected {EXPECTED}")
        elif not path.exists():
            raise InputError(f"{path} is not there; expected a text file or a folder of them")
        elif not kind_of(path):
            raise InputError(f"{path} is of no kind that detok reads; expected {EXPECTED}")
        else:
            more = [path]
        for file in more:
            check_regular(file)
            # By its own name, which says of which kind it is, and not by that of what it leads to.
            files.setdefault(file.resolve(), Path(os.path.abspath(file)))
    return list(files.values())


def kind_of(path: File) -> tuple[Kind, str | None] | None:
    """What a file is by its name, and how it is compressed; None for what is not read."""
    name = Path(path.name.lower())
    compression = COMPRESSIONS.get(name.suffix)
    kind = KINDS.get(Path(name.stem).suffix if compression else name.suffix)
    return None if kind is None or (compression and kind == "parquet") else (kind, compression)


def unreadable(path: File, error: Exception) -> InputError:
    """The error for a file that the system, or Arrow, does not read."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return InputError(f"{path} cannot be read ({reason.splitlines()[0]})")


def opened(raw: io.BufferedReader, compression: str | None) -> io.BufferedReader:
    """The content of a file that is open, decompressed."""
    if compression is None:
        return raw
    return io.BufferedReader(_Decompressed(raw, compression), BLOCK_BYTES)


class _Decompressed(io.RawIOBase):
    """Decompresses in blocks that are the same wherever one reads from.

    So what can be read of a file that breaks off is the same however often one goes on with it.
    """

    def __init__(self, raw: io.BufferedReader, compression: str) -> None:
        self._stream = pa.CompressedInputStream(raw, compression)
        self._block = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self._block = self._block or self._stream.read(BLOCK_BYTES)
        n = min(len(buffer), len(self._block))
        buffer[:n], self._block = self._block[:n], self._block[n:]
        return n
