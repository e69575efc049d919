"""The tokens of a model: their bytes, their text, how they are shown, and how they are found."""

import hashlib
import json
import operator
from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from detok.errors import CheckpointError, InputError


def _bytes_of_characters() -> dict[str, int]:
    """GPT-2's byte-level alphabet: which byte each character of a vocabulary entry stands for."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {chr(b): b for b in own} | {chr(256 + n): b for n, b in enumerate(others)}


_BYTE_OF = _bytes_of_characters()


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


class Vocabulary:
    """A byte-level BPE vocabulary, read without importing `transformers` (which takes seconds).

    `backend` is the `tokenizers.Tokenizer` itself, for batch encoding.
    """

    def __init__(self, backend: Tokenizer) -> None:
        # Files written after training on a fixed length may ask for truncation or padding.
        backend.no_truncation()
        backend.no_padding()
        self.backend = backend

    @classmethod
    def from_folder(cls, folder: Path) -> "Vocabulary":
        """Reads `tokenizer.json`, or else GPT-2's older pair `vocab.json` and `merges.txt`.

        Raises: CheckpointError if they are missing or damaged.
        """
        try:
            if (folder / "tokenizer.json").exists():
                backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
            else:
                entries = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
                files = str(folder / "vocab.json"), str(folder / "merges.txt")
                backend = Tokenizer(models.BPE.from_file(*files))
                backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
                backend.decoder = decoders.ByteLevel()
                backend.add_special_tokens([t for t in ("<|endoftext|>",) if t in entries])
        except Exception as error:  # `tokenizers` raises bare Exception for a broken file
            raise CheckpointError(
                f"the tokenizer in {folder} cannot be read ({error}); expected a whole "
                "tokenizer.json, or vocab.json and merges.txt"
            ) from error
        if not backend.get_vocab_size():
            raise CheckpointError(f"the tokenizer in {folder} has no tokens; expected a vocabulary")
        return cls(backend)

    def __len__(self) -> int:
        return self.backend.get_vocab_size(with_added_tokens=True)

    @cached_property
    def _bytes(self) -> list[bytes]:
        entries = {i: t for t, i in self.backend.get_vocab(with_added_tokens=True).items()}
        added = self.backend.get_added_tokens_decoder()
        table = []
        for token_id in range(max(entries) + 1):
            entry = entries.get(token_id, "")
            if token_id in added or not all(c in _BYTE_OF for c in entry):
                table.append(entry.encode())
            else:
                table.append(bytes(_BYTE_OF[c] for c in entry))
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
        """The bytes that a token stands for (an id past the tokenizer's own has none)."""
        return self._bytes[token_id] if 0 <= token_id < len(self._bytes) else b""

    def text(self, *token_ids: int) -> str:
        """The text of one token, or of several joined; bytes that are no UTF-8 become `\\xNN`."""
        joined = b"".join(self.bytes_of(t) for t in token_ids)
        return joined.decode("utf-8", errors="backslashreplace")

    def show(self, *token_ids: int) -> str:
        """The text of tokens with its spaces, newlines and stray bytes made visible."""
        return show(b"".join(self.bytes_of(t) for t in token_ids))

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, without special tokens added.

        The text of a special token, such as `<|endoftext|>`, becomes that token, as `transformers`
        reads it too.

        Raises: InputError if the text holds half of a surrogate pair, which no bytes stand for.
        """
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(
                f"the text has {text[error.start]!r} at character {error.start}, half of a "
                "surrogate pair; expected Unicode text"
            ) from error
        return self.backend.encode(text, add_special_tokens=False).ids

    def id_of(self, token: int | str) -> int:
        """The id of a token given as its exact text, or as its id, which only a layer can check.

        Raises: InputError if the text is not exactly one token, or the id is no integer.
        """
        if isinstance(token, str):
            ids = self.encode(token)
            if len(ids) == 1:
                return ids[0]
            if not ids:
                raise InputError("the token is empty; expected the text or the id of one token")
            pieces = " + ".join(repr(self.text(t)) for t in ids)
            raise InputError(
                f"{token!r} is {len(ids)} tokens, {pieces}; expected one token: give one of the "
                f"pieces, or its id ({', '.join(map(str, ids))})"
            )
        try:
            return operator.index(token)
        except TypeError as error:
            raise InputError(
                f"the token is a {type(token).__name__}; expected its text or its id"
            ) from error

    def search(self, query: str, limit: int = 50) -> list[int]:
        """Ids of the tokens that match what was typed, best first.

        First equal tokens, then tokens that begin with the query, then tokens that contain it; in
        each group the same letter case and shorter tokens come first. A leading space of the token
        is overlooked unless the query has one. A query of nothing but white space matches nothing.
        """
        folded = query.casefold()
        if not folded.strip():
            return []
        exact = query.encode("utf-8", errors="replace")
        found = []
        for token_id, entry in enumerate(self._folded):
            if folded not in entry:
                continue
            bare = entry if folded[0] == " " else entry.removeprefix(" ")
            kind = 0 if bare == folded else 1 if bare.startswith(folded) else 2
            other_case = exact not in self._bytes[token_id]
            found.append((kind, other_case, len(entry), token_id))
        return [token_id for *_, token_id in sorted(found)[:limit]]
