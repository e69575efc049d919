"""The pieces of documents that are encoded at once, read from the parts of files."""

import codecs
import io
import json
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from detok.counting.files import BLOCK_BYTES, NOT_UTF_8, Part, Report, opened, unreadable

# Texts are cut into pieces of this many bytes: encoding short texts is faster, and bounds memory.
PIECE_BYTES = 1 << 12
# Rows of Parquet that are held at once come to about this many bytes.
ROWS_BYTES = 1 << 22
_EMPTY = "empty documents"
_DAMAGED = "row groups of Parquet that are damaged"
_BROKEN_OFF = "compressed files that break off"
# Right before white space, right after a character that is none, in UTF-8. GPT-2's pattern
#   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
# has no word with white space after another character, so none crosses this place; it looks at
# nothing before a word, and after a word only if that is all white space. So the words of a text
# are those of its two sides.
_SAFE_CUT = re.compile(
    rb"(?s).+(?<![\t-\r\x1c- ])(?<!\xc2[\x85\xa0])(?<!\xe1\x9a\x80)(?<!\xe2\x81\x9f)"
    rb"(?<!\xe2\x80[\x80-\x8a\xa8\xa9\xaf])(?<!\xe3\x80\x80)(?=[\t\n\r ])"
)


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
            stream = opened(raw, part.compression)
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
                more = stream.read1(BLOCK_BYTES)  # `read` would lose what comes before damage
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
            report(NOT_UTF_8, where)
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
        report(NOT_UTF_8, where)
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
                    report(NOT_UTF_8, where)
                else:
                    yield from document(value, row, row / n, cuts)


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
