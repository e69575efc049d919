"""Reads the documents of text files piece by piece: `.txt`, `.jsonl` and `.parquet`.

A `.txt` file is one document, a `.jsonl` file has one a line and a `.parquet` file one a row, in
the column that is asked for. The first two may be compressed as `.gz` or `.zst`. Of a file no more
is held than a piece, a line, or a few rows.

What cannot be read inside a file (a broken line, bytes that are no UTF-8, a row without text, a
compressed file that breaks off) is left out and reported. A file that is altogether something else
than its name says is an error, found by `parts_of` before anything is counted.
"""

import codecs
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from detok.errors import InputError

Kind = Literal["txt", "jsonl", "parquet"]

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
KINDS: dict[str, Kind] = {".txt": "txt", ".jsonl": "jsonl", ".parquet": "parquet"}
# Texts are cut into pieces of this many bytes: encoding short texts is faster, and bounds memory.
PIECE_BYTES = 1 << 12
# JSON lines that are not compressed are shared out between processes in parts of this many bytes.
PART_BYTES = 1 << 26
# Rows of Parquet that are held at once come to about this many bytes.
ROWS_BYTES = 1 << 22
_EMPTY = "empty documents"
_NOT_UTF_8 = "documents or lines that are not UTF-8"
_DAMAGED = "row groups of Parquet that are damaged"
_BROKEN_OFF = "compressed files that break off"
_BLOCK_BYTES = 1 << 16
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
# Right before white space, right after a character that is none, in UTF-8. GPT-2's pattern
#   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
# has no word with white space after another character, so none crosses this place; it looks at
# nothing before a word, and after a word only if that is all white space. So the words of a text
# are those of its two sides.
_SAFE_CUT = re.compile(
    rb"(?s).+(?<![\t-\r\x1c- ])(?<!\xc2[\x85\xa0])(?<!\xe1\x9a\x80)(?<!\xe2\x81\x9f)"
    rb"(?<!\xe2\x80[\x80-\x8a\xa8\xa9\xaf])(?<!\xe3\x80\x80)(?=[\t\n\r ])"
)


@dataclass(frozen=True)
class Part:
    """What one process reads on its own: a file, some of its lines, or one of its row groups."""

    path: Path
    kind: Kind
    compression: str | None
    start: int  # a byte, or the number of a row group
    stop: int
    size: int  # in bytes of the file; for the progress


class Piece(NamedTuple):
    """A piece of a document's text.

    `position` is where to go on after this piece, if one can: a byte of the uncompressed file, or a
    row of the row group. `is_joined` says that the text continues that of the piece before.
    """

    text: str
    is_joined: bool
    is_new_document: bool
    position: int | None
    done: float  # share of the part


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
        report(_NOT_UTF_8, f"{path}, which is UTF-16 or UTF-32")
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
            stream = _stream(raw, compression)
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


def _stream(raw: io.BufferedReader, compression: str | None) -> io.BufferedReader:
    if compression is None:
        return raw
    return io.BufferedReader(_Decompressed(raw, compression), _BLOCK_BYTES)


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
        self._block = self._block or self._stream.read(_BLOCK_BYTES)
        n = min(len(buffer), len(self._block))
        buffer[:n], self._block = self._block[:n], self._block[n:]
        return n


def pieces(part: Part, column: str, position: int, cuts: bool, report: Report) -> Iterator[Piece]:
    """The pieces of a part's documents, from a position on that a piece has named (at first 0).

    With `cuts`, texts are cut where no token of GPT-2's pre-tokenizer can cross; without, a text is
    held as a whole.

    Raises: InputError if the system does not read the file.
    """
    try:
        if part.kind == "parquet":
            yield from _rows(part, column, position, cuts, report)
            return
        with part.path.open("rb") as raw:
            stream = _stream(raw, part.compression)
            begin = max(position, part.start)
            if part.compression is None:
                raw.seek(begin)
            for start in range(0, position if part.compression else 0, 1 << 20):
                stream.read(min(1 << 20, position - start))
            if part.kind == "txt":
                found = _text(part, stream, begin, cuts, report)
            else:
                found = _lines(part, stream, begin, column, cuts, report)
            for piece in found:
                at = raw.tell() if part.compression else piece.done - part.start
                yield piece._replace(done=min(1.0, at / max(1, part.size)))
    except (pa.ArrowException, OSError) as error:
        # Arrow raises OSError without a number for what it cannot decompress.
        if getattr(error, "errno", None) is not None:
            raise unreadable(part.path, error) from error
        report(_BROKEN_OFF if part.compression else _DAMAGED, f"{part.path} ({error})")


def _text(
    part: Part, stream: io.BufferedReader, position: int, cuts: bool, report: Report
) -> Iterator[Piece]:
    """A file that is one document."""
    window = PIECE_BYTES if cuts else sys.maxsize
    is_new = position == 0
    buffer = bytearray()
    if is_new:
        buffer += stream.read(len(codecs.BOM_UTF8))
        if buffer == codecs.BOM_UTF8:
            position += len(buffer)
            buffer.clear()
    is_over = False
    while not is_over or buffer:
        wanted = window
        while True:
            while not is_over and len(buffer) <= wanted:
                more = stream.read1(_BLOCK_BYTES)  # `read` would lose what comes before damage
                is_over = not more
                buffer += more
            cut = _cut(buffer, wanted)
            if cut or is_over:
                break
            wanted *= 2
        own = bytes(buffer[: cut or len(buffer)])
        del buffer[: len(own)]
        if not own:
            if is_new:
                report(_EMPTY, str(part.path))
            return
        where = f"{part.path}, byte {position}"
        position += len(own)
        *texts, last = _decoded(own, where, report)
        for text, is_joined in texts:
            yield Piece(text, is_joined and not is_new, is_new, None, position)
            is_new = False
        yield Piece(last[0], last[1] and not is_new, is_new, position, position)
        is_new = False


def _cut(text: bytes | bytearray, at_most: int) -> int:
    """The last place up to `at_most` where a text that is longer can be cut; else 0."""
    found = _SAFE_CUT.match(text, 0, at_most + 1) if len(text) > at_most else None
    return found.end() if found else 0


def _decoded(text: bytes, where: str, report: Report) -> list[tuple[str, bool]]:
    """The text, without the lines that are no UTF-8; with whether each stretch joins the last."""
    try:
        return [(text.decode(), True)]
    except UnicodeDecodeError:
        pass
    stretches, is_joined, stretch = [], True, ""
    for line in text.splitlines(keepends=True):
        try:
            stretch += line.decode()
        except UnicodeDecodeError:
            report(_NOT_UTF_8, where)
            stretches.append((stretch, is_joined))
            stretch, is_joined = "", False
    return [*stretches, (stretch, is_joined)]


def _lines(
    part: Part, stream: io.BufferedReader, position: int, column: str, cuts: bool, report: Report
) -> Iterator[Piece]:
    """A document a line, of the lines that begin in the part."""
    if part.compression is None and 0 < position == part.start:
        # A line that begins before the part belongs to the part before.
        stream.seek(position - 1)
        position += len(stream.readline()) - 1
    while part.compression or position < part.stop:
        line = stream.readline()
        if not line:
            return
        where = f"{part.path}, byte {position}"
        text = _text_of(line, column, where, report) if line.strip() else b""
        position += len(line)
        if text:
            yield from document(text, position, position, cuts)


def _text_of(line: bytes, column: str, where: str, report: Report) -> bytes:
    """The text of a JSON line, or nothing if it has none that can be counted."""
    try:
        row = json.loads(line.removeprefix(codecs.BOM_UTF8).decode())
    except UnicodeDecodeError:
        report(_NOT_UTF_8, where)
        return b""
    except (ValueError, RecursionError):
        report("broken lines", where)
        return b""
    if not isinstance(row, dict) or column not in row:
        report(f"lines without the column {column!r}", where)
        return b""
    if not isinstance(row[column], str):
        report(f"documents whose column {column!r} is no text", where)
        return b""
    try:
        text = row[column].encode()
    except UnicodeEncodeError:
        report("documents with half of a surrogate pair", where)
        return b""
    if not text:
        report(_EMPTY, where)
    return text


def document(text: bytes, position: int, done: float, cuts: bool) -> Iterator[Piece]:
    """The pieces of a document in UTF-8, after which reading goes on at `position`."""
    start, wanted = 0, PIECE_BYTES
    while cuts and len(text) - start > wanted:
        found = _SAFE_CUT.match(text, start, start + wanted + 1)
        if found is None:
            wanted *= 2
            continue
        yield Piece(text[start : found.end()].decode(), start > 0, start == 0, None, done)
        start, wanted = found.end(), PIECE_BYTES
    yield Piece(text[start:].decode(), start > 0, start == 0, position, done)


def _rows(part: Part, column: str, position: int, cuts: bool, report: Report) -> Iterator[Piece]:
    """A document a row, of one row group."""
    row = 0
    with pq.ParquetFile(part.path, buffer_size=1 << 20, pre_buffer=False) as file:
        group = file.metadata.row_group(part.start)
        n = group.num_rows
        at_once = max(1, min(1024, ROWS_BYTES * n // max(1, group.total_byte_size)))
        for batch in file.iter_batches(at_once, [part.start], [column], use_threads=False):
            for value in batch.column(0).cast(pa.large_binary()).to_pylist():
                row += 1
                if row <= position:
                    continue
                where = f"{part.path}, row {row} of row group {part.start + 1}"
                if value is None:
                    report(f"documents whose column {column!r} is no text", where)
                elif not value:
                    report(_EMPTY, where)
                elif not _is_utf_8(value):
                    report(_NOT_UTF_8, where)
                else:
                    yield from document(value, row, row / n, cuts)


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
