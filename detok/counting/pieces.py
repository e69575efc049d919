"""Texts are cut into pieces that are encoded on their own."""

import io
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from detok.counting.files import BLOCK_BYTES

# Bytes of a piece, so that a long text is never encoded as a whole.
PIECE_BYTES = 1 << 12
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


def pieces_of(text: bytes, cuts: bool, position: int = 0, done: float = 0.0) -> Iterator[Piece]:
    """The pieces of a document in UTF-8, after which reading goes on at `position`.

    With `cuts`, it is cut where no token of GPT-2's pre-tokenizer can cross; without, it is one.
    """
    start, at_most = 0, PIECE_BYTES
    while cuts and len(text) - start > at_most:
        end = _cut(text, start, at_most)
        if not end:
            at_most *= 2
            continue
        yield Piece(text[start:end].decode(), start > 0, start == 0, None, done)
        start, at_most = end, PIECE_BYTES
    yield Piece(text[start:].decode(), start > 0, start == 0, position, done)


def stretches_of(stream: io.BufferedReader, begun: bytes, cuts: bool) -> Iterator[bytes]:
    """The pieces, in bytes, of a document that goes on in a stream after what was read already."""
    buffer = bytearray(begun)
    is_over = False
    while not is_over or buffer:
        at_most = PIECE_BYTES if cuts else sys.maxsize
        end = 0
        while not end:
            while not is_over and len(buffer) <= at_most:
                more = stream.read1(BLOCK_BYTES)  # `read` would lose what comes before damage
                is_over = not more
                buffer += more
            end = _cut(buffer, 0, at_most) if len(buffer) > at_most else 0
            if is_over:
                end = end or len(buffer)
                break
            at_most *= 2
        if end:
            yield bytes(buffer[:end])
            del buffer[:end]


def _cut(text: bytes | bytearray, start: int, at_most: int) -> int:
    """The last place up to so many bytes after `start` where a text can be cut; else 0."""
    cut = _SAFE_CUT.match(text, start, start + at_most + 1)
    return cut.end() if cut else 0
