"""Texts are cut into words, so many at once that what is done for each is done by NumPy and Arrow.

GPT-2's pattern, by which its tokenizer divides a text, is
  's|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+
No match of it goes on from what is no white space to white space, from a letter to what is none,
from a digit to what is none, or from another character to a digit, or (but for the apostrophe) to a
letter; a match looks at nothing before it, and after it only if it is white space. So at all these
places a text can be cut. Here it is where that can be told from a few bytes.
"""

import string
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

# White space in the eyes of any tokenizer, and characters that nobody takes for white space.
_SPACES = b"\t\n\r "
_LETTERS, _DIGITS = string.ascii_letters.encode(), string.digits.encode()
_MARKS = string.punctuation.encode()
# What stands before white space and is more than a byte may be white space itself.
_WHITE = [c.encode() for c in map(chr, range(0x80, 0x3001)) if c.isspace()]
_WHITE_OF_2, _WHITE_OF_3 = (
    np.array([int.from_bytes(c, "big") for c in _WHITE if len(c) == n]) for n in (2, 3)
)
# Marks of three bytes: dashes, quotation marks, dots. They begin and end as other characters do.
_FIRST_MARK, _LAST_MARK = (int.from_bytes(c.encode(), "big") for c in "\u2010\u2027")
_MARK_BEGINS, _MARK_ENDS = b"\xe2", bytes(range(0x90, 0xA8))


class Words(NamedTuple):
    """The words of several texts, one after the other."""

    different: list[bytes]
    which: np.ndarray  # (n,) int32: of the different ones
    text: np.ndarray  # (n,) int64: in which text a word is


def places_to_cut(added: Iterable[str]) -> np.ndarray:
    """Between which two bytes a text may be cut, (2¹⁶,) bool by 256 · one + the next.

    Nowhere where that would be in one of the `added` tokens, which are found before all else.
    """
    table = np.zeros((256, 256), dtype=bool)
    letters, digits, marks, spaces = map(list, (_LETTERS, _DIGITS, _MARKS, _SPACES))
    others = [byte for byte in marks if byte != ord("'")]
    beyond = list(range(0x80, 0xC0))  # ends of characters
    for before, after in (
        (letters, digits + marks + spaces + list(_MARK_BEGINS)),
        (digits, letters + marks + spaces + list(_MARK_BEGINS)),
        (marks, digits + spaces),
        (others + list(_MARK_ENDS), letters),
        (list(_MARK_ENDS), digits),
        (beyond, spaces),
    ):
        table[np.ix_(before, after)] = True
    for token in added:
        for before, after in pairwise(token.encode()):
            table[before, after] = False
    return table.ravel()


def words_in(texts: list[bytes], places: np.ndarray | None) -> Words:
    """The words of texts in UTF-8, cut at these places; an empty text has none.

    Without places, every text is one word.
    """
    joined = b"".join(texts)
    begins = np.cumsum([0, *map(len, texts)])  # of texts, and where the last one ends
    is_start = np.zeros(len(joined) + 1, dtype=bool)
    is_start[begins] = True
    if places is not None:
        is_start[_cuts(joined, places)] = True
    starts = np.flatnonzero(is_start)
    offsets = pa.py_buffer(starts.astype(np.int32))
    array = pa.Array.from_buffers(
        pa.binary(), len(starts) - 1, [None, offsets, pa.py_buffer(joined)]
    ).dictionary_encode()
    return Words(
        array.dictionary.to_pylist(),
        array.indices.to_numpy(),
        np.searchsorted(begins, starts[:-1], "right") - 1,
    )


def _cuts(text: bytes, places: np.ndarray) -> np.ndarray:
    """Where a text is cut."""
    content = np.frombuffer(text, np.uint8)
    neighbours = content[:-1].astype(np.uint16) << 8 | content[1:]
    at = np.flatnonzero(places[neighbours]) + 1
    # What is more than a byte is looked at as a whole. Nothing goes beyond the ends of the text:
    # where the last byte comes in, it is of no character that is sought.
    content = np.concatenate([content, np.zeros(3, np.uint8)])
    before, after = content[at - 1], content[at]
    longer = np.flatnonzero(before >= 0x80)
    character = _three_bytes(content, at[longer] - 3)
    is_mark = (character >= _FIRST_MARK) & (character <= _LAST_MARK)
    is_white = np.isin(character & 0xFFFF, _WHITE_OF_2) | np.isin(character, _WHITE_OF_3)
    is_space = np.isin(after[longer], list(_SPACES))
    wrong = longer[np.where(is_space, is_white, ~is_mark)]
    longer = np.flatnonzero(after >= 0x80)
    character = _three_bytes(content, at[longer])
    is_mark = (character >= _FIRST_MARK) & (character <= _LAST_MARK)
    return np.delete(at, np.concatenate([wrong, longer[~is_mark]]))


def _three_bytes(content: np.ndarray, at: np.ndarray) -> np.ndarray:
    a, b, c = (content[at + n].astype(np.int64) for n in range(3))
    return a << 16 | b << 8 | c
