"""Where counts come from: what a file of counts says of itself."""

import datetime
import os

import numpy as np

from detok.model.source import locate_tokenizer
from detok.model.vocabulary import Vocabulary
from detok.version import __version__

# The key of the provenance that says which tokenizer: `Vocabulary.sha256`.
TOKENIZER_HASH = "vocabulary_sha256"


def vocabulary_of(tokenizer: Vocabulary | str) -> tuple[Vocabulary, str]:
    if isinstance(tokenizer, Vocabulary):
        return tokenizer, "that was given to detok.count"
    folder = locate_tokenizer(tokenizer)
    # Of a folder only its name is put down: its path is nobody else's business.
    name = folder.name if os.path.isdir(os.path.expanduser(tokenizer)) else tokenizer
    return Vocabulary.from_folder(folder), name


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def provenance_of(
    vocabulary: Vocabulary, documents: int, tokens: np.ndarray, known: dict[str, str]
) -> dict[str, str]:
    return known | {
        "documents": str(documents),
        "tokens": str(tokens.sum()),
        TOKENIZER_HASH: vocabulary.sha256,
        "detok": __version__,
    }
