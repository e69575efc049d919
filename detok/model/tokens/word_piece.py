"""WordPiece (BERT): "##tarian" continues a word, and any other entry starts one.

A token that starts a word gets the space before it that the vocabulary leaves out, whatever stood
there in the text: " liber" + "tarian", but also " don" + " '" + " t".
"""

from functools import partial
from typing import Any

from detok.model.tokens.spelling import Spelling


def spelling(tokenizer: dict[str, Any]) -> Spelling | None:
    """The spelling of a tokenizer, given as its JSON, if it is of this kind."""
    model = tokenizer["model"]
    if model["type"] != "WordPiece":
        return None
    return Spelling(partial(_bytes_of, model["continuing_subword_prefix"]), drops_spaces=True)


def _bytes_of(prefix: str, entry: str) -> bytes:
    if prefix and entry.startswith(prefix) and entry != prefix:
        return entry.removeprefix(prefix).encode()
    # "[unused0]" is a place kept free and no word: text is split at its brackets.
    is_word = not (len(entry) > 2 and entry[0] == "[" and entry[-1] == "]")
    return (" " + entry if is_word else entry).encode()
