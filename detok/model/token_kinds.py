"""Kinds of tokens: gluing the pieces of a word and gluing words to a phrase are different jobs."""

import numpy as np

from detok.model.layer import Layer

CONTINUES, STARTS, NUMBER, PUNCTUATION, OTHER = TOKEN_KINDS = (
    "continues a word",
    "starts a word",
    "number",
    "punctuation",
    "other",
)


def token_kind(token: bytes) -> str:
    """The kind of a token by its bytes, which is all that a vocabulary tells.

    Letters, with an apostrophe before or between them, start a word if a space comes first and
    otherwise continue one (or begin a line). Digits alone are a number, and other visible
    characters alone punctuation, with a space before or without. White space, mixtures, special
    tokens and bytes that are no text by themselves are other.
    """
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return OTHER
    body = text.removeprefix(" ")
    letters = body.replace("'", "").replace("’", "")
    if letters and all(c.isalpha() for c in letters):
        return STARTS if body != text else CONTINUES
    if body.isnumeric():
        return NUMBER
    visible = body and not any(c.isalnum() or c.isspace() or not c.isprintable() for c in body)
    return PUNCTUATION if visible else OTHER


def token_kinds(layer: Layer) -> np.ndarray:
    """The kind of each token of a model, one of `TOKEN_KINDS`: (V,) strings.

    Special tokens are other, and so is what the model has no token for.
    """
    vocabulary = layer.tokenizer
    special = set(vocabulary.backend.get_added_tokens_decoder())
    ids = range(layer.vocab_size)
    kinds = [OTHER if t in special else token_kind(vocabulary.bytes_of(t)) for t in ids]
    return np.array(kinds, dtype=object)
