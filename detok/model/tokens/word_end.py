"""BPE with an end of word (CLIP, BioGPT): "tarian</w>" ends a word, "liber" does not.

A token that ends a word gets a space after it, whatever follows in the text: "liber" + "tarian ".
Whether a token starts a word is not in its entry, so no token has a space before it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from detok.model.tokens import byte_level
from detok.model.tokens.spelling import Spelling


def spelling(tokenizer: dict[str, Any]) -> Spelling | None:
    """The spelling of a tokenizer, given as its JSON, if it is of this kind."""
    suffix = tokenizer["model"].get("end_of_word_suffix")
    if tokenizer["model"]["type"] != "BPE" or not suffix:
        return None
    spell = byte_level.bytes_of if byte_level.is_byte_level(tokenizer) else str.encode
    return Spelling(partial(_bytes_of, suffix, spell), edge="end", drops_spaces=True)


def _bytes_of(suffix: str, spell: Callable[[str], bytes], entry: str) -> bytes:
    if entry.endswith(suffix) and entry != suffix:
        return spell(entry.removesuffix(suffix)) + b" "
    return spell(entry)


def lacks_words(tokenizer: dict[str, Any]) -> bool:
    """Whether nothing in the tokenizer, given as its JSON, splits a text into words.

    BioGPT's files leave that to a program (Moses); without it a text would be one long word.
    """
    model = tokenizer["model"]
    return (
        model["type"] == "BPE"
        and bool(model.get("end_of_word_suffix"))
        and tokenizer["pre_tokenizer"] is None
    )
