"""The documents of a part of a file are read, in pieces."""

import codecs
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from detok.counting.files import BLOCK_BYTES, opened, unreadable
from detok.counting.parts import NOT_UTF_8, Part, Report, opened_parquet
from detok.counting.pieces import Piece, pieces_of, stretches_of
from detok.counting.texts import EMPTY, utf_8
from detok.model.amounts import in_bytes

# Rows of Parquet that are held at once come to about this many bytes.
ROWS_BYTES = 1 << 22
# Bytes of a JSON line at most: it is read, and its text taken out, as a whole.
LINE_BYTES = 1 << 26
_DAMAGED = "row groups of Parquet that are damaged"
_BROKEN_OFF = "compressed files that break off"
# From a byte of the content to the share of the part that is read.
_Share = Callable[[int], float]


@dataclass(frozen=True)
class Reader:
    """Reads a part; what cannot be read in it is left out and reported.

    With `cuts`, texts are cut where no token of GPT-2's pre-tokenizer can cross (see `pieces_of`).
    """

    part: Part
    column: str
    cuts: bool
    report: Report

    def pieces(self, position: int = 0) -> Iterator[Piece]:
        """The pieces of all documents, from a position on that a piece has named.

        Raises: InputError if the system does not read the file.
        """
        part = self.part
        try:
            if part.kind == "parquet":
                yield from self._rows(position)
                return
            with part.path.open("rb") as raw:
                stream, begin = self._sought(raw, position)
                read = self._text if part.kind == "txt" else self._lines
                yield from read(stream, begin, self._share_of(raw))
        except (pa.ArrowException, OSError) as error:
            # Arrow raises OSError without a number for what it cannot decompress.
            if getattr(error, "errno", None) is not None:
                raise unreadable(part.path, error) from error
            self.report(_BROKEN_OFF if part.compression else _DAMAGED, f"{part.path} ({error})")

    def _sought(self, raw: io.BufferedReader, position: int) -> tuple[io.BufferedReader, int]:
        """The content from a position on, and where it begins."""
        stream = opened(raw, self.part.compression)
        if self.part.compression is None:
            begin = max(position, self.part.start)
            raw.seek(begin)
            return stream, begin
        for start in range(0, position, 1 << 20):
            stream.read(min(1 << 20, position - start))
        return stream, position

    def _share_of(self, raw: io.BufferedReader) -> _Share:
        def share(position: int) -> float:
            at = raw.tell() if self.part.compression else position - self.part.start
            return min(1.0, at / max(1, self.part.size))

        return share

    def _text(self, stream: io.BufferedReader, position: int, share: _Share) -> Iterator[Piece]:
        """A file that is one document."""
        is_new = position == 0
        begun = stream.read(len(codecs.BOM_UTF8)) if is_new else b""
        if begun == codecs.BOM_UTF8:
            position, begun = len(begun), b""
        for stretch in stretches_of(stream, begun, self.cuts):
            where = f"{self.part.path}, byte {position}"
            position += len(stretch)
            *texts, last = self._decoded(stretch, where)
            for text, is_joined in texts:
                yield Piece(text, is_joined and not is_new, is_new, None, share(position))
                is_new = False
            yield Piece(last[0], last[1] and not is_new, is_new, position, share(position))
            is_new = False
        if is_new:
            self.report(EMPTY, str(self.part.path))

    def _decoded(self, text: bytes, where: str) -> list[tuple[str, bool]]:
        """A text without its lines that are no UTF-8; with whether each stretch joins the last."""
        try:
            return [(text.decode(), True)]
        except UnicodeDecodeError:
            pass
        left, is_joined, joined = [], True, ""
        for line in text.splitlines(keepends=True):
            try:
                joined += line.decode()
            except UnicodeDecodeError:
                self.report(NOT_UTF_8, where)
                left.append((joined, is_joined))
                joined, is_joined = "", False
        return [*left, (joined, is_joined)]

    def _lines(self, stream: io.BufferedReader, position: int, share: _Share) -> Iterator[Piece]:
        """A document a line, of the lines that begin in the part."""
        part = self.part
        if part.compression is None and 0 < position == part.start:
            # A line that begins before the part belongs to the part before.
            stream.seek(position - 1)
            position += _rest_of_line(stream) - 1
        while part.compression or position < part.stop:
            line = stream.readline(LINE_BYTES + 1)
            if not line:
                return
            where, text = position, b""
            position += len(line)
            if len(line) > LINE_BYTES:
                position += 0 if line.endswith(b"\n") else _rest_of_line(stream)
                self._report_line(f"lines of more than {in_bytes(LINE_BYTES)}", where)
            elif line.isspace():
                position += _skip_empty_lines(stream)
            else:
                text = self._text_of(line, where)
            if text:
                yield from pieces_of(text, self.cuts, position, share(position))

    def _report_line(self, problem: str, position: int) -> None:
        self.report(problem, f"{self.part.path}, byte {position}")

    def _text_of(self, line: bytes, position: int) -> bytes:
        """The text of a JSON line, or nothing if it has none that can be counted."""
        try:
            row = json.loads(line.removeprefix(codecs.BOM_UTF8).decode())
            if not isinstance(row, dict) or self.column not in row:
                text, problem = b"", f"lines without the column {self.column!r}"
            else:
                text, problem = utf_8(row[self.column], self.column)
            if problem is None:
                return text
        except UnicodeDecodeError:
            problem = NOT_UTF_8
        except (ValueError, RecursionError):
            problem = "broken lines"
        self._report_line(problem, position)
        return b""

    def _rows(self, position: int) -> Iterator[Piece]:
        """A document a row, of one row group."""
        row, group_number = 0, self.part.start
        with opened_parquet(self.part.path) as file:
            group = file.metadata.row_group(group_number)
            n = group.num_rows
            at_once = max(1, min(1024, ROWS_BYTES * n // max(1, group.total_byte_size)))
            for batch in file.iter_batches(
                at_once, [group_number], [self.column], use_threads=False
            ):
                for value in batch.column(0).cast(pa.large_binary()).to_pylist():
                    row += 1
                    if row <= position:
                        continue
                    problem = self._problem_of(value)
                    if problem:
                        where = f"{self.part.path}, row {row} of row group {group_number + 1}"
                        self.report(problem, where)
                    else:
                        yield from pieces_of(value, self.cuts, row, row / n)

    def _problem_of(self, value: bytes | None) -> str | None:
        if value is None:
            return f"documents whose column {self.column!r} is no text"
        if not value:
            return EMPTY
        try:
            value.decode()
        except UnicodeDecodeError:
            return NOT_UTF_8
        return None


def _rest_of_line(stream: io.BufferedReader) -> int:
    """Reads to the end of a line, of which it holds little; gives the number of its bytes."""
    n = 0
    while block := stream.readline(BLOCK_BYTES):
        n += len(block)
        if block.endswith(b"\n"):
            break
    return n


def _skip_empty_lines(stream: io.BufferedReader) -> int:
    """Reads the lines of nothing but white space that are in the buffer; gives their bytes."""
    ahead = stream.peek()
    n = ahead.rfind(b"\n", 0, len(ahead) - len(ahead.lstrip())) + 1
    stream.read(n)
    return n
