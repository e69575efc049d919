"""Counts pieces of texts; a word that was encoded before need not be again.

Most words of a text are frequent ones. A piece is cut into words (see `detok.counting.words`), each
of which is looked up in a table: of its first and last token, for the pairs across words, and of
how often it came, which is how often the pairs inside it are counted in the end. Where a
tokenizer's texts cannot be cut, a piece is one word, and nothing is kept.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from detok.counting.pairs import PairCounter, Run, checked
from detok.counting.pieces import Piece
from detok.counting.words import words_in

# Bytes that a word takes in the table, beside its characters and tokens.
_WORD_BYTES, _CHARACTER_BYTES, _TOKEN_BYTES = 300, 4, 10
# Bytes of the table at most.
MAX_TABLE = 1 << 27


class Encoded(NamedTuple):
    """The tokens of texts, one after the other.

    `inside` says whether a token is in one word of the tokenizer's with the one before it in its
    text; of the first of a text it says nothing.
    """

    ids: np.ndarray  # (n,) int64
    inside: np.ndarray  # (n,) bool
    lengths: np.ndarray  # (texts,) int64

    @classmethod
    def joined(cls, parts: list["Encoded"]) -> "Encoded":
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


class _Codes(dict[bytes, int]):
    """The number of each word, in the order in which they came; and those that are new."""

    def __init__(self) -> None:
        self.new: list[bytes] = []

    def __missing__(self, word: bytes) -> int:
        code = self[word] = len(self)
        self.new.append(word)
        return code


class Tally:
    """Counts batches of pieces; `encode` gives the tokens of several texts.

    `places` are those of `detok.counting.words`; `memory` bounds the table of words, in bytes.
    """

    def __init__(
        self,
        counter: PairCounter,
        encode: Callable[[list[str]], Encoded],
        places: np.ndarray | None,
        memory: int | None = None,
    ) -> None:
        self._counter, self._encode = counter, encode
        self._places = places
        self._max_bytes = MAX_TABLE if memory is None else min(MAX_TABLE, memory)
        self._clear()

    def _clear(self) -> None:
        self._codes = _Codes()
        self._bytes = 0
        self._encoded: list[Encoded] = []
        # Of each word the first and the last token, how many there are, and how often it came.
        self._table = np.zeros((1024, 4), dtype=np.int64)

    @property
    def total(self) -> int:
        """Tokens that were counted since the last `take`."""
        return self._counter.total

    @property
    def is_full(self) -> bool:
        """Whether the bound on memory asks for `take`."""
        return self._counter.is_full

    def add(self, batch: list[Piece], last: int | None) -> int | None:
        """Counts a batch; `last` is the last token before it, and the result that of the batch.

        It is None where no pair continues.
        """
        different, which, piece = words_in([piece.text.encode() for piece in batch], self._places)
        codes = np.fromiter(map(self._codes.__getitem__, different), np.int64, len(different))
        self._encode_new()
        self._table[codes, 3] += np.bincount(which, minlength=len(codes))
        first, final, lengths = self._table[codes, :3][which].T
        documents = np.cumsum([not piece.is_joined for piece in batch])
        document = documents[piece]
        self._counter.total += int(lengths.sum())
        if not lengths.all():  # a vocabulary may have no token for a character
            some = lengths > 0
            document, first, final = document[some], first[some], final[some]
        if last is not None:
            document, first, final = (
                np.concatenate([[before], array])
                for before, array in ((0, document), (last, first), (last, final))
            )
        joined = document[1:] == document[:-1]
        self._counter.add_pairs(final[:-1][joined], first[1:][joined])
        if self._bytes > self._max_bytes:
            self._flush()
            self._clear()
        goes_on = len(document) and document[-1] == documents[-1]
        return int(final[-1]) if goes_on else None

    def _encode_new(self) -> None:
        new, self._codes.new = self._codes.new, []
        if not new:
            return
        n = len(self._codes)
        if n > len(self._table):
            more = np.zeros((max(n, len(self._table)), 4), dtype=np.int64)
            self._table = np.concatenate([self._table, more])
        encoded = self._encode([word.decode() for word in new])
        checked(encoded.ids, self._counter.vocab_size)
        self._encoded.append(encoded)
        self._bytes += _WORD_BYTES * len(new) + _CHARACTER_BYTES * sum(map(len, new))
        self._bytes += _TOKEN_BYTES * len(encoded.ids)
        ends = encoded.lengths.cumsum()
        some = np.flatnonzero(encoded.lengths)
        rows = self._table[n - len(new) : n]  # a view
        rows[some, 0] = encoded.ids[(ends - encoded.lengths)[some]]
        rows[some, 1] = encoded.ids[ends[some] - 1]
        rows[:, 2] = encoded.lengths

    def _flush(self) -> None:
        """Counts the tokens and pairs of the words so far."""
        if not self._encoded:
            return
        self._encoded = [Encoded.joined(self._encoded)]
        ids, inside, lengths = self._encoded[0]
        times = np.repeat(self._table[: len(lengths), 3], lengths)  # of each token
        # A sum of floats is exact up to 2⁵³.
        counted = np.bincount(ids, times, minlength=self._counter.vocab_size)
        self._counter.tokens += counted.astype(np.int64)
        begins = np.zeros(len(ids) + 1, dtype=bool)
        begins[np.concatenate([[0], lengths.cumsum()])] = True
        pairs = np.flatnonzero(~begins[1:-1] & (times[1:] > 0)) + 1
        self._counter.add_repeated(
            ids[pairs - 1], ids[pairs], times[pairs], times[pairs] * inside[pairs]
        )
        self._table[:, 3] = 0

    def take(self) -> tuple[np.ndarray, list[Run]]:
        """Token counts (V,) and pairs since the last call; then begins anew."""
        self._flush()
        return self._counter.take()
