"""The tokens of a model: their bytes, their text, how they are shown, and how they are found."""

import hashlib
import json
import operator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

from detok.display import Displayed
from detok.errors import InputError
from detok.model.tokens.first import first_token
from detok.model.tokens.kinds import spelling_of
from detok.model.tokens.read import read_tokenizer
from detok.model.tokens.search import search
from detok.model.tokens.spelling import Edge, Spelling
from detok.model.tokens.unknown import explaining, lacks_unknown, unknown_of
from detok.model.tokens.word_end import lacks_words


def _show_character(c: str) -> str:
    code = ord(c)
    if c == " ":
        return "·"
    if c.isprintable() and c not in "·\\":
        return c
    if 0xDC80 <= code <= 0xDCFF:  # how "surrogateescape" decodes a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return c.encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def show(text: bytes) -> str:
    """Bytes as a string in which everything is visible, and no two different tokens look the same.

    A space is shown as `·`, a stray byte that is no UTF-8 as `\\xNN`, a control or otherwise
    invisible character as its Python escape; a literal backslash is doubled and a literal middle
    dot is `\\u00b7`.
    """
    return "".join(map(_show_character, text.decode("utf-8", errors="surrogateescape")))


def show_pieces(pieces: list[bytes]) -> list[str]:
    """The pieces of one text as `show` has them, a part of a character as `é 1/2`."""
    owners: list[int] = [t for t, piece in enumerate(pieces) for _ in piece]  # of each byte
    shown = [""] * len(pieces)
    at = 0
    for c in b"".join(pieces).decode("utf-8", errors="surrogateescape"):
        n_bytes = len(c.encode("utf-8", errors="surrogateescape"))
        parts = list(dict.fromkeys(owners[at : at + n_bytes]))
        for number, t in enumerate(parts, start=1):
            shown[t] += (
                _show_character(c)
                if len(parts) == 1
                else f" {_show_character(c)} {number}/{len(parts)} "
            )
        at += n_bytes
    return [" ".join(text.split()) for text in shown]


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
    """The vocabulary of a model: byte-level BPE, WordPiece, or BPE with an end of word.

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
        spelled = self._traits.spelling.bytes_of
        table = []
        for token_id in range(self.n_ids):
            entry = entries.get(token_id)
            # A special token may be spelled with the characters of a piece: it stands for itself.
            is_piece = entry is not None and token_id not in self.added
            table.append(spelled(entry) if is_piece else (entry or "").encode())
        return table

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
        """The text of tokens with its spaces, newlines and stray bytes made visible."""
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

        A sign between words is a word of its own.

        Raises: InputError as `encode`.
        """
        words = self.encoding(text).word_ids
        return [-1 - t if word is None else word for t, word in enumerate(words)]

    def encoding(self, text: str) -> Encoding:
        """All that the tokenizer says of a text.

        Raises: InputError as `encode`.
        """
        self.check_encodes()
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"the text has {text[error.start]!r} at character {error.start}, half of a "
                "surrogate pair; expected Unicode text"
            ) from error
        with explaining():
            # A batch, even of one text, leaves Python's lock to others meanwhile.
            return self.backend.encode_batch([text], add_special_tokens=False)[0]

    def id_of(self, token: int | str) -> int:
        """The id of a token given as its exact text, or as its id, which only a layer can check.

        Where tokens have no spaces of the text, a piece may be given as the vocabulary writes it,
        "##tarian" or "tarian</w>".

        Raises: InputError if the text is not exactly one token, or the id is no integer.
        """
        if not isinstance(token, str):
            try:
                return operator.index(token)
            except TypeError as error:
                raise InputError(
                    f"the token is a {type(token).__name__}; expected its text or its id"
                ) from error
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

    def _spelled(self, text: str) -> list[int]:
        """The tokens of a text that is one word or a piece of one."""
        wanted = {text.encode("utf-8", errors="replace")} - {b""}
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
