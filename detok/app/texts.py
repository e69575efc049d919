"""Texts that a visitor gives: in a box, or in a file."""

import json
from collections.abc import Iterator
from itertools import islice

from detok.app import settings
from detok.errors import InputError
from detok.model.inputs import check_ids
from detok.model.layer import Layer

# Of one text of which all pairs are shown, n² numbers a head: a rotary model may take 100,000.
MAX_TOKENS = 2048
# Of the texts in a file, to draw a sample from.
MAX_IN_FILE = 10_000


def texts_of(name: str, data: bytes) -> list[str]:
    """The texts in a file: paragraphs between empty lines, or a JSON string or object a line.

    In `.jsonl` files a line is a string or an object with the key "text"; empty texts are left out.
    No more than the first MAX_IN_FILE are given, and the first characters of each.

    Raises: InputError if the file is not UTF-8, a line is not such JSON, or there is no text.
    """
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the file {name} is not UTF-8 (byte {error.start} is {data[error.start]:#04x}); "
            "expected a plain text or JSON lines file in UTF-8"
        ) from error
    pieces = _lines(name, content) if name.lower().endswith(".jsonl") else _paragraphs(content)
    most = settings.now().max_text
    texts = [text[:most] for text in islice(filter(str.strip, pieces), MAX_IN_FILE)]
    if not texts:
        raise InputError(f"the file {name} holds no text; expected at least one")
    return texts


def _paragraphs(content: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*content.splitlines(), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []


def _lines(name: str, content: str) -> Iterator[str]:
    # Only these end a line of JSON: `splitlines` would cut at U+2028 inside a string.
    for number, line in enumerate(content.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"line {number} of {name} is not JSON ({error}); expected a string, or an object "
                'with the key "text"'
            ) from error
        text = value.get("text") if isinstance(value, dict) else value
        if not isinstance(text, str):
            raise InputError(
                f"line {number} of {name} holds no text; expected a string, or an object with the "
                'key "text"'
            )
        yield text


def end_of_text(layer: Layer) -> int | None:
    """The token that a document begins with, or that separates two, if the model has one."""
    token = layer.tokenizer.first_token
    return token if token is not None and token < layer.vocab_size else None


def can_encode(layer: Layer) -> bool:
    """Whether the model's files say how a text is split into words."""
    try:
        layer.tokenizer.check_encodes()
    except InputError:
        return False
    return True


def encoded(layer: Layer, text: str) -> list[int]:
    """The token ids of a text; where it cannot be split, the text may be the ids themselves.

    Raises: InputError for a text of neither kind.
    """
    numbers = text.replace(",", " ").split()
    are_ids = all(number.isdecimal() and len(number) < 10 for number in numbers)
    if can_encode(layer) or not are_ids:
        return layer.tokenizer.encode(text)
    return [layer.token_id(int(number)) for number in numbers]


def words_of(layer: Layer, text: str) -> list[int]:
    """The number of the word that each of the `encoded` tokens is in.

    Where a text cannot be split, a word goes on until a token ends it with a space.

    Raises: InputError as `encoded`.
    """
    if can_encode(layer):
        return layer.tokenizer.words(text)
    ends = [layer.tokenizer.bytes_of(t).endswith(b" ") for t in encoded(layer, text)]
    return [sum(ends[:t]) for t in range(len(ends))]


def after_lines(layer: Layer, ids: list[int]) -> list[int]:
    """The places in a text where a token begins a line, but for the first; empty lines are none."""
    ends = [layer.tokenizer.bytes_of(t).endswith((b"\n", b"\r")) for t in ids]
    return [at for at in range(1, len(ids)) if ends[at - 1] and not ends[at]]


def sample(layer: Layer, text: str) -> str:
    """A text to begin with; where it cannot be split, the ids of tokens that match its words."""
    if can_encode(layer):
        return text
    matches = [layer.tokenizer.search(word, 1) for word in text.split()]
    ids = [token for match in matches for token in match if token < layer.vocab_size]
    return " ".join(map(str, ids or range(min(layer.vocab_size, 8))))


def tokens_of(layer: Layer, text: str, first: int | None = None) -> tuple[list[int], int]:
    """The token ids of a text, at most L with the token `first` before it, and how many were cut.

    Raises: InputError if the text has no token, or is none that the model can take.
    """
    ids = encoded(layer, text)
    if not ids:
        raise InputError("the text is empty; expected at least one character")
    ids = ids if first is None else [first, *ids]
    kept = ids[: layer.n_positions]
    check_ids(layer, kept)
    return kept, len(ids) - len(kept)
