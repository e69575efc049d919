"""The tokens of a text as a person gives it: cut to the model's positions, begun as they like."""

from detok.errors import InputError
from detok.layer import Layer

MAX_CHARACTERS = 1_000_000
END_OF_TEXT = "<|endoftext|>"


def end_of_text(layer: Layer) -> int | None:
    """The token that stands between documents, if the model has one."""
    token = layer.tokenizer.backend.token_to_id(END_OF_TEXT)
    return token if token is not None and token < layer.vocab_size else None


def tokens(layer: Layer, text: str, first: int | None = None) -> tuple[list[int], int]:
    """The token ids of a text, at most L with the token `first` before it, and how many were cut.

    Raises: InputError if the text has no token, is too long, or is not Unicode.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"the text has {len(text):,} characters; expected at most {MAX_CHARACTERS:,}: give a "
            "file with several texts instead"
        )
    ids = layer.tokenizer.encode(text)
    if not ids:
        raise InputError("the text is empty; expected at least one character")
    ids = ids if first is None else [first, *ids]
    kept = ids[: layer.n_positions]
    return kept, len(ids) - len(kept)
