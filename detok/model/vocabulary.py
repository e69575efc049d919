"""The tokens of a model: their bytes, their text, how they are shown, and how they are found."""

import hashlib
import json
import operator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from detok.display import Displayed
from detok.errors import InputError
from detok.model.tokens.first import first_token
from detok.model.tokens.kinds import spelling_of
from detok.model.tokens.read import read_tokenizer
from detok.model.tokens.search import search
from detok.model.tokens.sentence_piece import is_byte
from detok.model.tokens.show import show, show_pieces
from detok.model.tokens.spelling import Edge, Spelling
from detok.model.tokens.unknown import explaining, lacks_unknown, unknown_of
from detok.model.tokens.word_end import lacks_words
from detok.model.tokens.words import Ends


@dataclass(frozen=True)
class _Traits:
    """What a tokenizer's JSON says of it, without the JSON, which is large."""

    spelling: Spelling
    first: int | None
    lacks_words: bool
    lacks_unknown: bool
    unknown: str | None

    @classmethod
    def of(cls, backend: Tokenizer) -> "_Traits":
        tokenizer = json.loads(backend.to_str())
        return cls(
            spelling_of(tokenizer),
            first_token(tokenizer),
            lacks_words(tokenizer),
            lacks_unknown(tokenizer),
            unknown_of(tokenizer),
        )


class Vocabulary(
    Displayed,
    then=("vocabulary.encode(text)", "vocabulary.search(text)", "vocabulary.show(token_id)"),
):
    """The vocabulary of a model: byte-level BPE, SentencePiece, WordPiece, or BPE with word ends.

    Which of them it is decides where the space at a word's edge is: `detok.model.tokens`.
    `backend` is the `tokenizers.Tokenizer` itself, for batch encoding (see `check_encodes`).
    """

    def __init__(self, backend: Tokenizer) -> None:
        # Files written after training on a fixed length may ask for truncation or padding.
        backend.no_truncation()
        backend.no_padding()
        self.backend = backend

    def _parts(self) -> dict[str, Any]:
        first = self.first_token
        return {
            "tokens": len(self),
            "ids": self.n_ids,
            "edge": self.edge,
            "first_token": "none" if first is None else self.show(first),
        }

    @classmethod
    def from_folder(cls, folder: Path) -> "Vocabulary":
        """Reads `tokenizer.json`, or else older files: `vocab.json` and `merges.txt`, `vocab.txt`.

        Raises: CheckpointError if they are missing or damaged.
        """
        return cls(read_tokenizer(folder))

    @cached_property
    def _traits(self) -> _Traits:
        return _Traits.of(self.backend)

    @property
    def edge(self) -> Edge:
        """At which end of a word its tokens hold a space; of a part of a word, only that is known.

        "start": " liber" + "tarian"; "end": "liber" + "tarian ".
        """
        return self._traits.spelling.edge

    @property
    def first_token(self) -> int | None:
        """The id of the token that texts begin with, or are separated by, if there is one."""
        return self._traits.first

    @cached_property
    def added(self) -> frozenset[int]:
        """The ids of special tokens and of others that stand beside the pieces of words."""
        return frozenset(self.backend.get_added_tokens_decoder())

    @cached_property
    def n_ids(self) -> int:
        """One more than the largest id of a token."""
        return max(self.backend.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def missing(self) -> list[int]:
        """The ids below `n_ids` that no token has."""
        return sorted(
            set(range(self.n_ids)) - set(self.backend.get_vocab(with_added_tokens=True).values())
        )

    def __len__(self) -> int:
        return self.backend.get_vocab_size(with_added_tokens=True)

    @cached_property
    def _bytes(self) -> list[bytes]:
        entries = {i: t for t, i in self.backend.get_vocab(with_added_tokens=True).items()}
        spelling, added = self._traits.spelling, self.added
        # A special token may be spelled with the characters of a piece: it stands for itself.
        return [
            (spelling.bytes_of_added if t in added else spelling.bytes_of)(entries[t])
            if t in entries
            else b""
            for t in range(self.n_ids)
        ]

    @cached_property
    def _spare(self) -> frozenset[int]:
        """The ids of tokens of a byte that another token stands for, as "<0x41>" beside "A"."""
        single = [t for t, own in enumerate(self._bytes) if len(own) == 1]
        characters = {self._bytes[t] for t in single if not self._is_byte(t)}
        return frozenset(t for t in single if self._bytes[t] in characters and self._is_byte(t))

    def _is_byte(self, token_id: int) -> bool:
        return is_byte(self.backend.id_to_token(token_id))

    @cached_property
    def word_ends(self) -> Ends | None:
        """By which the words of texts are told apart; None where the tokenizer divides them."""
        return Ends.of(self._bytes, self.added) if self._traits.spelling.tells_words else None

    @cached_property
    def sha256(self) -> str:
        """A hash of what every id stands for, so that equal vocabularies have an equal one.

        It does not depend on which files they were read from, or on how those are written.
        """
        digest = hashlib.sha256()
        for text in self._bytes:
            digest.update(len(text).to_bytes(4, "little") + text)
        return digest.hexdigest()

    @cached_property
    def _folded(self) -> list[str]:
        return [text.decode("utf-8", errors="replace").casefold() for text in self._bytes]

    def bytes_of(self, token_id: int) -> bytes:
        """The bytes that a token stands for (an id past the tokenizer's own has none).

        Those of consecutive pieces join to the word, with a space at its `edge`.
        """
        return self._bytes[token_id] if 0 <= token_id < len(self._bytes) else b""

    def text(self, *token_ids: int) -> str:
        """The text of one token, or of several joined; bytes that are no UTF-8 become `\\xNN`."""
        joined = b"".join(self.bytes_of(t) for t in token_ids)
        return joined.decode("utf-8", errors="backslashreplace")

    def show(self, *token_ids: int) -> str:
        """The text of tokens with its spaces, newlines and stray bytes made visible.

        A token of a byte is shown as that byte, `\\x41`, where a token of its own stands for "A".
        """
        if len(token_ids) == 1 and token_ids[0] in self._spare:
            return f"\\x{self.bytes_of(token_ids[0]).hex()}"
        return show(b"".join(self.bytes_of(t) for t in token_ids))

    def show_each(self, token_ids: list[int]) -> list[str]:
        """How each token of a text is shown in it: of a character in several, which part it is.

        A token of a part of “é” is shown as `é 1/2`: no token has that space, which would be `·`.
        Bytes of no whole character are shown as `show` has them.
        """
        return show_pieces([self.bytes_of(t) for t in token_ids])

    def check_encodes(self) -> None:
        """Raises: InputError if texts cannot be encoded, for one of two reasons.

        The files do not say how a text is split into words (BioGPT), or have no token for unknown
        words.
        """
        if self._traits.lacks_words:
            raise InputError(
                "this model's files do not say how a text is split into words (a program of its "
                "own, such as Moses, does that); expected token ids"
            )
        if self._traits.lacks_unknown:
            raise InputError(
                "this model's vocabulary has no token in place of words that it does not know, so "
                "that most texts cannot be encoded; expected token ids"
            )

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without special tokens added.

        The text of a special token, such as `<|endoftext|>`, becomes that token, as `transformers`
        reads it too.

        Raises: InputError if the text holds half of a surrogate pair, which no bytes stand for, or
        if this vocabulary cannot split texts (`check_encodes`).
        """
        return self.encoding(text).ids

    def words(self, text: str) -> list[int]:
        """The number of the word that each token of a text is in, as the tokenizer divides it.

        A sign between words is a word of its own. Where a tokenizer divides texts at spaces or not
        at all (SentencePiece), a word begins with a space, and between letters, digits and signs.

        Raises: InputError as `encode`.
        """
        encoding = self.encoding(text)
        if self.word_ends is not None:
            return (np.cumsum(~self.word_ends.goes_on(np.array(encoding.ids, int))) - 1).tolist()
        words = encoding.word_ids
        return [-1 - t if word is None else word for t, word in enumerate(words)]

    def encoding(self, text: str) -> Encoding:
        """All that the tokenizer says of a text.

        Raises: InputError as `encode`.
        """
        self.check_encodes()
        _check_unicode(text)
        with explaining():
            # A batch, even of one text, leaves Python's lock to others meanwhile.
            return self.backend.encode_batch([text], add_special_tokens=False)[0]

    def id_of(self, token: int | str) -> int:
        """The id of a token given as its exact text, or as its id, which only a layer can check.

        Where tokens have no spaces of the text, and in SentencePiece, a piece may be given as the
        vocabulary writes it, "##tarian", "tarian</w>" or "▁liber".

        Raises: InputError if the text is not exactly one token or no Unicode, or the id is no
        integer.
        """
        if not isinstance(token, str):
            try:
                return operator.index(token)
            except TypeError as error:
                raise InputError(
                    f"the token is a {type(token).__name__}; expected its text or its id"
                ) from error
        _check_unicode(token)
        exact = self._exact(token) if self._traits.spelling.tells_words else None
        if exact is not None:
            return exact
        cannot_encode = self._traits.lacks_words or self._traits.lacks_unknown
        ids = self._spelled(token) if cannot_encode else self.encode(token)
        unknown = self._traits.unknown
        is_unknown = (
            unknown is not None
            and unknown not in token
            and self.backend.token_to_id(unknown) in ids
        )
        if len(ids) == 1 and not is_unknown:
            return ids[0]
        may_be_several = self._traits.lacks_words and len(ids) > 1
        if self._traits.spelling.drops_spaces and not may_be_several:
            entry = self.backend.token_to_id(token)
            if entry is not None:
                return entry
        if is_unknown:
            raise InputError(
                f"{token!r} is or holds what this vocabulary has no token for; expected one token"
            )
        raise self._not_one(token, ids)

    def _exact(self, text: str) -> int | None:
        """The token of this entry of the vocabulary, or else of exactly this text."""
        entry = self.backend.token_to_id(text)
        if entry is not None or not text:
            return entry
        wanted = text.encode()
        found = (t for t, own in enumerate(self._bytes) if own == wanted)
        return next((t for t in found if t not in self._spare), None)

    def _spelled(self, text: str) -> list[int]:
        """The tokens of a text that is one word or a piece of one."""
        wanted = {text.encode()} - {b""}
        wanted |= {word + b" " for word in wanted if not word.endswith(b" ")}
        return [token_id for token_id, own in enumerate(self._bytes) if own in wanted]

    def _not_one(self, token: str, ids: list[int]) -> InputError:
        if not ids:
            found = f"{token!r} is no token" if token.strip() else "the token is empty"
            return InputError(f"{found}; expected the text or the id of one token")
        pieces = [repr(self.text(t)) for t in ids]
        listed = ", ".join(map(str, ids))
        if self._traits.lacks_words:
            return InputError(
                f"{token!r} may be {' or '.join(pieces)}; expected one token: give its id "
                f"({listed})"
            )
        return InputError(
            f"{token!r} is {len(ids)} tokens, {' + '.join(pieces)}; expected one token: give one "
            f"of the pieces, or its id ({listed})"
        )

    def search(self, query: str, limit: int = 50) -> list[int]:
        """Ids of the tokens that match what was typed, best first.

        First equal tokens, then tokens that begin with the query, then tokens that contain it; in
        each group the same letter case and shorter tokens come first. The space at a token's edge
        (the leading one, but of "tarian " the last) is overlooked unless the query has it. A query
        of nothing but white space matches nothing.
        """
        return search(self._bytes, self._folded, query, self._traits.spelling)[:limit]


def _check_unicode(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"the text has {text[error.start]!r} at character {error.start}, half of a "
            "surrogate pair; expected Unicode text"
        ) from error
