"""The kinds of vocabularies that are told apart, each in a file of its own."""

from typing import Any

from detok.model.tokens import byte_level, sentence_piece, word_end, word_piece
from detok.model.tokens.spelling import Spelling

# The first that knows a tokenizer decides: CLIP's is byte-level too.
_KINDS = (word_piece.spelling, word_end.spelling, byte_level.spelling, sentence_piece.spelling)


def spelling_of(tokenizer: dict[str, Any]) -> Spelling:
    """How a tokenizer, given as its JSON, spells; entries of another kind are what they say."""
    found = (kind(tokenizer) for kind in _KINDS)
    return next((spelling for spelling in found if spelling), Spelling(str.encode))
