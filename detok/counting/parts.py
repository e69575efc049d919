"""The parts of files, which are shared out between processes."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from detok.counting.files import File, Kind, kind_of, opened, unreadable
from detok.counting.remote import RemoteFile
from detok.errors import InputError

# Called with a kind of problem, in the plural, and where it is.
Report = Callable[[str, str], None]
NOT_UTF_8 = "documents or lines that are not UTF-8"
# Of JSON lines that are not compressed.
PART_BYTES = 1 << 26
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

    path: File
    kind: Kind
    compression: str | None
    start: int  # a byte, or the number of a row group
    stop: int
    size: int  # in bytes of the file; for the progress

    def identity(self) -> list[str | int]:
        """What tells the part from others, and from itself if the file was changed meanwhile."""
        if isinstance(self.path, RemoteFile):
            now = [self.path.size, self.path.version]
        else:
            stat = self.path.stat()
            now = [stat.st_size, stat.st_mtime_ns]
        return [str(self.path), self.start, self.stop, *now]


def parts_of(path: File, column: str, report: Report) -> list[Part]:
    """The parts of a file; none, and a report, if it has no text that can be counted.

    Raises: InputError if the file cannot be read, or is not what its name says.
    """
    known = kind_of(path)
    assert known is not None, path
    kind, compression = known
    try:
        size = _size_of(path)
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


def _row_groups(path: File, column: str, report: Report) -> list[Part]:
    try:
        with opened_parquet(path) as file:
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
    kind = schema.field(column).type
    if not _is_text(kind):
        report(f"files in which the column {column!r} is no text", f"{path}, of type {kind}")
        return []
    groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
    total = sum(group.total_byte_size for group in groups) or 1
    size = _size_of(path)
    return [
        Part(path, "parquet", None, n, n + 1, size * group.total_byte_size // total)
        for n, group in enumerate(groups)
    ]


def opened_parquet(path: File) -> pq.ParquetFile:
    """A file of Parquet, of which large columns are read in blocks."""
    source = path.open() if isinstance(path, RemoteFile) else path
    return pq.ParquetFile(source, buffer_size=1 << 20, pre_buffer=False)


def _size_of(path: File) -> int:
    return path.size if isinstance(path, RemoteFile) else path.stat().st_size


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _check_lines(path: File, compression: str | None) -> None:
    """Refuses a file of which none of the first lines begins as an object does."""
    first = None
    try:
        with path.open("rb") as raw:
            stream = opened(raw, compression)
            for _ in range(_JUDGED_LINES):
                line = stream.readline(PART_BYTES).removeprefix(codecs.BOM_UTF8)
                if line.lstrip().startswith(b"{"):
                    return
                if not line:
                    break
                first = first or line.strip()
    except (OSError, pa.ArrowException):
        return  # for the reading to report
    if first:
        shown = first[:40].decode("utf-8", "backslashreplace")
        raise InputError(
            f"{path} holds no JSON lines, but {shown!r}; expected an object on each line, as its "
            "name says"
        )
