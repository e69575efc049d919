"""Encodes pieces of texts in batches, and counts their tokens and pairs."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from detok.counting.pairs import PairCounter
from detok.counting.pieces import Piece
from detok.model.vocabulary import Vocabulary

# Characters that are encoded at once, which bounds the memory that their tokens take.
BATCH_CHARACTERS = 1 << 18


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
        )

    def counter(self, memory: int | None = None) -> PairCounter:
        return PairCounter(self.vocab_size, self.separators, memory)

    def add(self, batch: list[Piece], counter: PairCounter, last: int | None) -> int | None:
        """Counts a batch; `last` is the last token before it, and the result that of the batch.

        It is None where no pair continues.
        """
        encodings = self.backend.encode_batch_fast([p.text for p in batch], False)
        ids = [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]
        carried = [] if last is None else [np.array([last])]
        ends = np.cumsum([len(carried), *map(len, ids)])
        starts = np.array([end for p, end in zip(batch, ends, strict=False) if not p.is_joined])
        whole = np.concatenate([*carried, *ids])
        counter.add(whole, starts.astype(np.int64), carried=len(carried))
        ends_open = len(whole) and (not len(starts) or starts[-1] < len(whole))
        return int(whole[-1]) if ends_open else None


def _can_cut(tokenizer: dict) -> bool:
    """Whether the tokenizer splits a text as GPT-2 does, so that a text may be cut in pieces."""
    splits = tokenizer["pre_tokenizer"] or {}
    return (
        tokenizer["normalizer"] is None
        and (splits.get("type"), splits.get("use_regex")) == ("ByteLevel", True)
        and not splits.get("add_prefix_space")
        and not any(
            token["rstrip"] or token["single_word"] or any(c.isspace() for c in token["content"])
            for token in tokenizer["added_tokens"]
        )
    )


def batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that are encoded together. No piece is asked for before the batch is counted."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.text)
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
