"""The files of a corpus, and the parts in which they are read."""

import codecs
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from detok.errors import InputError

Kind = Literal["txt", "jsonl", "parquet"]
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
KINDS: dict[str, Kind] = {".txt": "txt", ".jsonl": "jsonl", ".parquet": "parquet"}
# JSON lines that are not compressed are shared out between processes in parts of this many bytes.
PART_BYTES = 1 << 26
NOT_UTF_8 = "documents or lines that are not UTF-8"
BLOCK_BYTES = 1 << 16
# How many lines a file is judged by that may not be JSON lines.
_JUDGED_LINES = 100
_SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a ZIP archive",
    b"%PDF": "PDF",
}
_UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


@dataclass(frozen=True)
class Part:
    """What one process reads on its own: a file, some of its lines, or one of its row groups."""

    path: Path
    kind: Kind
    compression: str | None
    start: int  # a byte, or the number of a row group
    stop: int
    size: int  # in bytes of the file; for the progress


# Called with a kind of problem, in the plural, and where it is.
Report = Callable[[str, str], None]


def files_in(paths: list[Path]) -> list[Path]:
    """The files of the kinds above, those in folders sorted by path; a file given twice comes once.

    Raises: InputError for a path that is not there, or a file of another kind.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [Path(at, name) for at, _, names in os.walk(path) for name in names]
            files = sorted(file for file in inside if _kind(file))
            if not files:
                raise InputError(f"{path} holds no text file; expected {_EXPECTED}")
        elif not path.exists():
            raise InputError(f"{path} is not there; expected a text file or a folder of them")
        elif not _kind(path):
            raise InputError(f"{path} is of no kind that detok reads; expected {_EXPECTED}")
        else:
            files = [path]
        found |= dict.fromkeys(file.resolve() for file in files)
    return list(found)


_EXPECTED = ".txt or .jsonl (also with .gz or .zst), or .parquet"


def _kind(path: Path) -> tuple[Kind, str | None] | None:
    name = Path(path.name.lower())
    compression = COMPRESSIONS.get(name.suffix)
    kind = KINDS.get(Path(name.stem).suffix if compression else name.suffix)
    return None if kind is None or (compression and kind == "parquet") else (kind, compression)


def parts_of(path: Path, column: str, report: Report) -> list[Part]:
    """Shares a file out between processes.

    Raises: InputError if the file cannot be read, or is not what its name says.
    """
    known = _kind(path)
    assert known is not None, path
    kind, compression = known
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            beginning = file.read(8)
    except OSError as error:
        raise unreadable(path, error) from error
    signature = next((n for s, n in _SIGNATURES.items() if beginning.startswith(s)), None)
    expected = compression or ("Parquet" if kind == "parquet" else None)
    if signature != expected:
        found = signature or ("empty" if not size else "something else")
        raise InputError(
            f"{path} is {found}; expected {expected or 'plain text'}, as its name says"
        )
    if kind == "parquet":
        return _row_groups(path, column, report)
    if beginning.startswith(_UTF_16_OR_32):
        report(NOT_UTF_8, f"{path}, which is UTF-16 or UTF-32")
        return []
    if kind == "jsonl":
        _check_lines(path, compression)
    if kind == "txt" or compression:
        return [Part(path, kind, compression, 0, size, size)]
    starts = range(0, size, PART_BYTES)
    return [
        Part(path, kind, None, start, min(start + PART_BYTES, size), min(PART_BYTES, size - start))
        for start in starts
    ]


def unreadable(path: Path, error: Exception) -> InputError:
    """The error for a file that the system, or Arrow, does not read."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return InputError(f"{path} cannot be read ({reason.splitlines()[0]})")


def _row_groups(path: Path, column: str, report: Report) -> list[Part]:
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} is damaged, or no Parquet ({str(error).splitlines()[0]}); expected what its "
            "name says"
        ) from error
    if column not in schema.names:
        has = ", ".join(schema.names)
        report(f"files without the column {column!r}", f"{path}, which has {has}")
        return []
    if not _is_text(schema.field(column).type):
        found = schema.field(column).type
        report(f"files in which the column {column!r} is no text", f"{path}, of type {found}")
        return []
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    total = sum(group.total_byte_size for group in groups) or 1
    size = path.stat().st_size
    return [
        Part(path, "parquet", None, n, n + 1, size * group.total_byte_size // total)
        for n, group in enumerate(groups)
    ]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _check_lines(path: Path, compression: str | None) -> None:
    found = None
    try:
        with path.open("rb") as raw:
            stream = opened(raw, compression)
            for _ in range(_JUDGED_LINES):
                line = stream.readline(PART_BYTES).removeprefix(codecs.BOM_UTF8)
                if not line or line.lstrip().startswith(b"{"):
                    break
                found = found or line.strip()
            else:
                line = b""
    except (OSError, pa.ArrowException):
        return  # for the reading to report
    if found and not line:
        shown = found[:40].decode("utf-8", "backslashreplace")
        raise InputError(
            f"{path} holds no JSON lines, but {shown!r}; expected an object on each line, as its "
            "name says"
        )


def opened(raw: io.BufferedReader, compression: str | None) -> io.BufferedReader:
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
