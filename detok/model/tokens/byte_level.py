"""Byte-level BPE (GPT-2, OPT, RoBERTa, Whisper): a character of an entry stands for a byte.

The space before a word is a byte of the word's first token, as it is in the text.
"""

from typing import Any

from detok.model.tokens.spelling import Spelling


def _bytes_of_characters() -> dict[str, int]:
    """GPT-2's byte-level alphabet: which byte each character of a vocabulary entry stands for."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {chr(b): b for b in own} | {chr(256 + n): b for n, b in enumerate(others)}


_BYTE_OF = _bytes_of_characters()
SPACE = next(c for c, byte in _BYTE_OF.items() if byte == 0x20)


def bytes_of(entry: str) -> bytes:
    """The bytes that an entry stands for; one with a character of no byte is what it says."""
    if not all(c in _BYTE_OF for c in entry):
        return entry.encode()
    return bytes(_BYTE_OF[c] for c in entry)


def is_byte_level(tokenizer: dict[str, Any]) -> bool:
    """Whether a tokenizer, given as its JSON, turns bytes to characters anywhere on its way."""
    return any(_has_step(tokenizer[key]) for key in ("normalizer", "pre_tokenizer", "decoder"))


def _has_step(step: Any) -> bool:
    if isinstance(step, list):
        return any(map(_has_step, step))
    if not isinstance(step, dict):
        return False
    return step.get("type") == "ByteLevel" or any(map(_has_step, step.values()))


def spelling(tokenizer: dict[str, Any]) -> Spelling | None:
    """The spelling of a tokenizer, given as its JSON, if it is of this kind."""
    return Spelling(bytes_of) if is_byte_level(tokenizer) else None
