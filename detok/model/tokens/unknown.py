"""What a tokenizer does with text that is in no token: most have one in place of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from detok.errors import InputError


def unknown_of(tokenizer: dict[str, Any]) -> str | None:
    """The token that a tokenizer, given as its JSON, puts in place of an unknown word."""
    model = tokenizer["model"]
    if model["type"] == "Unigram":
        return None if model.get("unk_id") is None else model["vocab"][model["unk_id"]][0]
    return model.get("unk_token")


def lacks_unknown(tokenizer: dict[str, Any]) -> bool:
    """Whether most texts cannot be encoded, for want of a token in place of an unknown word."""
    model = tokenizer["model"]
    if model["type"] == "Unigram":
        return unknown_of(tokenizer) is None
    if model["type"] in ("WordLevel", "WordPiece"):
        return unknown_of(tokenizer) not in model["vocab"]
    return False  # BPE leaves out what it has no token for


@contextmanager
def explaining() -> Iterator[None]:
    """Raises: InputError where a text cannot be encoded in it."""
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:  # as which `tokenizers` raises its own
            raise
        raise InputError(
            f"this model's tokenizer cannot encode the text ({error}); expected one of which its "
            "vocabulary has every part"
        ) from error
