"""Kinds of tokens: gluing the pieces of a word and gluing words to a phrase are different jobs."""

import numpy as np

from detok.model.layer import Layer
from detok.model.tokens.spelling import Edge

CONTINUES, STARTS, NUMBER, PUNCTUATION, OTHER = TOKEN_KINDS = (
    "continues a word",
    "starts a word",
    "number",
    "punctuation",
    "other",
)
# In vocabularies that mark where a word ends they stand in place of the first two.
OPEN, ENDS = END_KINDS = ("leaves a word open", "ends a word")


def token_kind(token: bytes, edge: Edge = "start") -> str:
    """The kind of a token by its bytes, which is all that a vocabulary tells.

    Letters, with an apostrophe before or between them, start a word if a space comes first and
    otherwise continue one (or begin a line). Digits alone are a number, and other visible
    characters alone punctuation, with a space before or without. White space, mixtures, special
    tokens and bytes that are no text by themselves are other.

    Where the space is at the end of words (`Vocabulary.edge`), "tarian " ends a word, and may be
    the whole of it, while "liber" leaves one open, be it its first piece or a middle one. Nothing
    in such a vocabulary says whether letters start a word or continue it.
    """
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return OTHER
    body = text.removeprefix(" ") if edge == "start" else text.removesuffix(" ")
    letters = body.replace("'", "").replace("’", "")
    if letters and all(c.isalpha() for c in letters):
        plain, spaced = (CONTINUES, STARTS) if edge == "start" else (OPEN, ENDS)
        return spaced if body != text else plain
    if body.isnumeric():
        return NUMBER
    visible = body and not any(c.isalnum() or c.isspace() or not c.isprintable() for c in body)
    return PUNCTUATION if visible else OTHER


def token_kinds(layer: Layer) -> np.ndarray:
    """The kind of each token of a model, one of `kinds_at(layer.tokenizer.edge)`: (V,) strings.

    Special tokens are other, and so is what the model has no token for.
    """
    vocabulary = layer.tokenizer
    edge, added = vocabulary.edge, vocabulary.added
    ids = range(layer.vocab_size)
    kinds = [OTHER if t in added else token_kind(vocabulary.bytes_of(t), edge) for t in ids]
    return np.array(kinds, dtype=object)


def kinds_at(edge: Edge) -> tuple[str, ...]:
    """The kinds that tokens with their space at that end of words have, in order."""
    return TOKEN_KINDS if edge == "start" else (*END_KINDS, *TOKEN_KINDS[2:])
