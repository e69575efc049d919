"""Where counts come from: what a file of counts says of itself."""

import datetime
from typing import TYPE_CHECKING

from detok.version import __version__

if TYPE_CHECKING:
    from detok.model.vocabulary import Vocabulary

# The key of the provenance that says which tokenizer: `Vocabulary.sha256`.
TOKENIZER_HASH = "vocabulary_sha256"


def today() -> str:
    """The date in UTC, such as 2026-01-31."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def provenance_of(
    vocabulary: "Vocabulary", *, documents: int, tokens: int, **known: str
) -> dict[str, str]:
    """The provenance of counts; what is empty is left out."""
    return {key: value for key, value in known.items() if value} | {
        "documents": str(documents),
        "tokens": str(tokens),
        TOKENIZER_HASH: vocabulary.sha256,
        "detok": __version__,
    }
