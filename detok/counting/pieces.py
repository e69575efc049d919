"""Texts are cut into pieces that are encoded on their own."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from detok.counting.files import BLOCK_BYTES

# Bytes of a piece, so that a long text is never encoded as a whole.
PIECE_BYTES = 1 << 12
# Bytes of a piece at most: a longer word is cut, and its tokens are those of its parts. Encoded, a
# byte takes 150.
MAX_PIECE_BYTES = 1 << 16
# Bytes of a piece where a cut may change tokens.
WHOLE_BYTES = 1 << 18
# Right before white space, right after a character that is none, in UTF-8. GPT-2's pattern
#   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
# has no word with white space after another character, so none crosses this place; it looks at
# nothing before a word, and after a word only if that is all white space. So the words of a text
# are those of its two sides.
_SAFE_CUT = re.compile(
    rb"(?s).+(?<![\t-\r\x1c- ])(?<!\xc2[\x85\xa0])(?<!\xe1\x9a\x80)(?<!\xe2\x81\x9f)"
    rb"(?<!\xe2\x80[\x80-\x8a\xa8\xa9\xaf])(?<!\xe3\x80\x80)(?=[\t\n\r ])"
)


# Where to go on: a byte of the uncompressed file, a row of the row group, or what a data set needs.
Position = int | dict[str, Any]


class Piece(NamedTuple):
    """A piece of a document's text.

    `position` is where to go on after this piece, if one can. `is_joined` says that the text
    continues that of the piece before.
    """

    text: str
    is_joined: bool
    is_new_document: bool
    position: Position | None
    done: float  # share of the part


def pieces_of(
    text: bytes, cuts: bool, position: Position = 0, done: float = 0.0
) -> Iterator[Piece]:
    """The pieces of a document in UTF-8, after which reading goes on at `position`.

    With `cuts`, it is cut where no token of GPT-2's pre-tokenizer can cross, and where there is no
    such place in MAX_PIECE_BYTES, after these; without, only after WHOLE_BYTES, before white space
    if there is any.
    """
    start = 0
    while end := _end(text, start, cuts):
        yield Piece(text[start:end].decode(), start > 0, start == 0, None, done)
        start = end
    yield Piece(text[start:].decode(), start > 0, start == 0, position, done)


def stretches_of(stream: io.BufferedReader, begun: bytes, cuts: bool) -> Iterator[bytes]:
    """The pieces, in bytes, of a document that goes on in a stream after what was read already."""
    buffer = bytearray(begun)

    def fill(more_than: int) -> None:
        while len(buffer) <= more_than:
            block = stream.read1(BLOCK_BYTES)  # `read` would lose what comes before damage
            if not block:
                return
            buffer.extend(block)

    while end := _end(buffer, 0, cuts, fill) or len(buffer):
        yield bytes(buffer[:end])
        del buffer[:end]


def _end(
    text: bytes | bytearray,
    start: int,
    cuts: bool,
    fill: Callable[[int], None] = lambda more_than: None,
) -> int:
    """Where the piece from `start` on ends; 0 if all that is left is one.

    `fill` is asked to read on until there are more bytes than so many, or no more.
    """
    at_most, longest = (PIECE_BYTES, MAX_PIECE_BYTES) if cuts else (WHOLE_BYTES, WHOLE_BYTES)
    while True:
        fill(start + at_most)
        if len(text) - start <= at_most:
            return 0
        end = _cut(text, start, at_most)
        if end or at_most == longest:
            return end or _between_characters(text, start + at_most)
        at_most = min(2 * at_most, longest)


def _between_characters(text: bytes | bytearray, end: int) -> int:
    """The last place up to `end` at which a character of UTF-8 begins; `end` if there is none."""
    begins = (at for at in range(end, end - 4, -1) if text[at] & 0xC0 != 0x80)
    return next(begins, end)


def _cut(text: bytes | bytearray, start: int, at_most: int) -> int:
    """The last place up to so many bytes after `start` where a text can be cut; else 0."""
    cut = _SAFE_CUT.match(text, start, start + at_most + 1)
    return cut.end() if cut else 0
