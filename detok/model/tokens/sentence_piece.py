"""SentencePiece (BPE, as of Llama and Gemma; Unigram, as of T5): a ▁ stands for a space.

The space before a word is in the word's first token, "▁liber" + "tarian", and some tokenizers put
one before the text as well. Where a character has no token, those of its bytes may take its place:
"<0xE7>" + "<0x8C>" + "<0xAB>".
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from detok.model.tokens.spelling import Spelling

_BYTE = re.compile("<0x([0-9A-F]{2})>")


def spelling(tokenizer: dict[str, Any]) -> Spelling | None:
    """The spelling of a tokenizer, given as its JSON, if it is of this kind."""
    steps = [
        *_steps(tokenizer["normalizer"]),
        *_steps(tokenizer["pre_tokenizer"]),
    ]
    marks = [mark for mark in map(_mark, steps) if mark]
    if not marks:
        return None
    spaced = partial(_spaced, marks[0])
    has_bytes = tokenizer["model"].get("byte_fallback", False)
    return Spelling(
        partial(_bytes_of, spaced) if has_bytes else spaced,
        drops_spaces=any(step.get("type") == "WhitespaceSplit" for step in steps),
        bytes_of_added=spaced,
        tells_words=True,
    )


def is_byte(entry: str) -> bool:
    """Whether an entry is a byte in place of a character."""
    return _BYTE.fullmatch(entry) is not None


def _spaced(mark: str, entry: str) -> bytes:
    return entry.replace(mark, " ").encode()


def _bytes_of(spaced: partial[bytes], entry: str) -> bytes:
    byte = _BYTE.fullmatch(entry)
    return bytes.fromhex(byte[1]) if byte else spaced(entry)


def _steps(step: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """A step of a tokenizer and those in it."""
    if step is None:
        return
    yield step
    for part in step.get("normalizers") or step.get("pretokenizers") or ():
        yield from _steps(part)


def _mark(step: dict[str, Any]) -> str | None:
    """What a step puts in place of every space, if it does that."""
    if step["type"] == "Metaspace":
        return step["replacement"]
    is_replaced = step["type"] == "Replace" and step["pattern"] == {"String": " "}
    return (step["content"].strip() or None) if is_replaced else None
