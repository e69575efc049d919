"""Where a word begins, by tokens alone: for tokenizers that divide no text into words.

A word goes on while letters follow letters, digits digits, and signs signs, without white space
between. A byte that is no character by itself is taken for a letter, as most are of one.
"""

import unicodedata
from collections.abc import Container
from dataclasses import dataclass

import numpy as np

# What a token begins or ends with. Nothing goes on after ALONE or SPACE; after EDGE all else does.
_ALONE, _SPACE, _EDGE, _LETTER, _DIGIT, _SIGN = range(6)


@dataclass(frozen=True, eq=False)
class Ends:
    """What each token begins and ends with."""

    first: np.ndarray  # (V,) int8
    last: np.ndarray  # (V,) int8

    @classmethod
    def of(cls, tokens: list[bytes], alone: Container[int]) -> "Ends":
        """Of the bytes of all tokens; those of the ids `alone` are no part of a word."""
        ends = [(_ALONE, _ALONE) if t in alone else _ends(own) for t, own in enumerate(tokens)]
        return cls(*np.array(ends, np.int8).reshape(-1, 2).T)

    def goes_on(self, ids: np.ndarray) -> np.ndarray:
        """Whether each token of a text is in one word with the one before it, (n,) bool."""
        before, own = self.last[ids[:-1]], self.first[ids[1:]]
        inside = (own >= _LETTER) & ((before == own) | (before == _EDGE))
        return np.concatenate([[False], inside])[: len(ids)]


def _ends(token: bytes) -> tuple[int, int]:
    if token == b" ":  # the beginning of a word that goes on without it
        return _SPACE, _EDGE
    text = token.decode("utf-8", errors="replace")
    return (_kind(text[0]), _kind(text[-1])) if text else (_ALONE, _ALONE)


def _kind(c: str) -> int:
    if c.isspace():
        return _SPACE
    category = unicodedata.category(c)[0]
    if c == "\ufffd" or category in "LM":  # a vowel sign is of a letter
        return _LETTER
    return _DIGIT if category == "N" else _SIGN
