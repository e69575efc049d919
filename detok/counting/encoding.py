"""Encodes texts to be counted, in batches."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
from tokenizers import Tokenizer

from detok.counting.pairs import PairCounter
from detok.counting.pieces import Piece
from detok.counting.tally import Encoded, Tally
from detok.counting.words import places_to_cut
from detok.model.tokens.words import Ends
from detok.model.vocabulary import Vocabulary

T = TypeVar("T")
# Characters that are counted at once.
BATCH_CHARACTERS = 1 << 18
# Characters that are encoded at once, which bounds the memory that their tokens take.
ENCODED_CHARACTERS = 1 << 16


def named_vocabulary(tokenizer: Vocabulary | str) -> tuple[Vocabulary, str]:
    """The vocabulary that is asked for, and what it is called in the provenance."""
    if isinstance(tokenizer, Vocabulary):
        return tokenizer, "that was given to detok.count"
    # Imported here: the processes that count need none of it.
    from detok.model.source import locate_tokenizer

    folder = locate_tokenizer(tokenizer)
    # Of a folder only its name is put down: its path is nobody else's business.
    name = folder.name if os.path.isdir(os.path.expanduser(tokenizer)) else tokenizer
    return Vocabulary.from_folder(folder), name


@dataclass(frozen=True)
class Encoder:
    """What a process needs of a tokenizer to count with it; it can be sent to another process."""

    backend: Tokenizer
    vocab_size: int
    separators: tuple[int, ...]  # special tokens
    cuts: bool  # whether texts can be cut into pieces without a change of their tokens
    word_ends: Ends | None  # that of the vocabulary

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> "Encoder":
        """Raises: InputError if the vocabulary cannot split texts."""
        vocabulary.check_encodes()
        backend = vocabulary.backend
        added = backend.get_added_tokens_decoder()
        return cls(
            backend=backend,
            vocab_size=len(vocabulary),
            separators=tuple(sorted(t for t, token in added.items() if token.special)),
            cuts=_can_cut(json.loads(backend.to_str())),
            word_ends=vocabulary.word_ends,
        )

    def tally(self, memory: int | None = None) -> Tally:
        """Counts with this tokenizer; `memory` bounds, in bytes, what it holds."""
        if not self.cuts:
            counter = PairCounter(self.vocab_size, self.separators, memory)
            return Tally(counter, self.encode, None, 0)
        added = self.backend.get_added_tokens_decoder().values()
        places = places_to_cut(token.content for token in added)
        words = None if memory is None else memory // 4
        pairs = None if memory is None else memory - memory // 4
        counter = PairCounter(self.vocab_size, self.separators, pairs)
        return Tally(counter, self.encode, places, words)

    def encode(self, texts: list[str]) -> Encoded:
        """The tokens of texts, and which of them are in one word with the one before."""
        return Encoded.joined(
            [self._encoded(some) for some in portions(texts, len, ENCODED_CHARACTERS)]
        )

    def _encoded(self, texts: list[str]) -> Encoded:
        encodings = self.backend.encode_batch(texts, add_special_tokens=False)
        ids = _joined((e.ids for e in encodings), np.int64)
        if self.word_ends is not None:
            inside = self.word_ends.goes_on(ids)
        else:
            words = _joined((e.word_ids for e in encodings), np.float64)  # None becomes NaN
            inside = np.concatenate([[False], words[1:] == words[:-1]])[: len(ids)]
        return Encoded(ids, inside, np.fromiter(map(len, encodings), np.int64, len(encodings)))


def _joined(lists: Iterable[list], kind: type[np.number]) -> np.ndarray:
    return np.array(list(chain.from_iterable(lists)), kind)


def _can_cut(tokenizer: dict) -> bool:
    """Whether the tokenizer splits a text as GPT-2 does, so that a text may be cut in pieces.

    A word has the same tokens wherever it stands.
    """
    splits = tokenizer["pre_tokenizer"] or {}
    return (
        tokenizer["normalizer"] is None
        and (splits.get("type"), splits.get("use_regex")) == ("ByteLevel", True)
        and not splits.get("add_prefix_space")
        and tokenizer["model"]["type"] == "BPE"
        and not tokenizer["model"].get("dropout")
        and not any(
            token["rstrip"] or token["single_word"] or any(c.isspace() for c in token["content"])
            for token in tokenizer["added_tokens"]
        )
    )


def batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that are counted together. No piece is asked for before the batch is counted."""
    return portions(pieces, lambda piece: len(piece.text), BATCH_CHARACTERS)


def portions(items: Iterable[T], size_of: Callable[[T], int], enough: int) -> Iterator[list[T]]:
    """Items in lists, each of which ends with the item that brings its size to `enough`."""
    portion: list[T] = []
    size = 0
    for item in items:
        portion.append(item)
        size += size_of(item)
        if size >= enough:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
