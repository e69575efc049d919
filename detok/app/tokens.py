"""One token of a vocabulary, as a visitor names it."""

from detok.errors import InputError
from detok.model.layer import Layer


def label(layer: Layer, token: int) -> str:
    """How a token is offered: as it is shown, and its id."""
    return f"{layer.tokenizer.show(token)}  #{token}"


def named(layer: Layer, typed: str) -> int:
    """The token of an id, typed as "#58"; or else the one that matches best what was typed.

    Raises: InputError if there is none.
    """
    number = typed.strip().removeprefix("#")
    if typed.strip().startswith("#") and number.isdecimal() and len(number) < 10:
        return layer.token_id(int(number))
    matches = [token for token in layer.tokenizer.search(typed) if token < layer.vocab_size]
    if not matches:
        raise InputError(
            f"no token has {typed!r} in it; expected a part of a token, or the id of one from #0 "
            f"to #{layer.vocab_size - 1}"
        )
    return matches[0]
