"""Where counts come from: what a file of counts says of itself."""

import datetime
from typing import TYPE_CHECKING

from detok.version import __version__

if TYPE_CHECKING:
    from detok.counting.runs import State

# The key of the provenance that says which tokenizer: `Vocabulary.sha256`.
TOKENIZER_HASH = "vocabulary_sha256"


def today() -> str:
    """The date in UTC, such as 2026-01-31."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def provenance_of(tokenizer_hash: str, total: "State", **known: str) -> dict[str, str]:
    """The provenance of counts; what is empty is left out."""
    known["left_out"] = "; ".join(f"{n} {kind}" for kind, n, _ in total.listed())
    return {key: value for key, value in known.items() if value} | {
        "documents": str(total.documents),
        "tokens": str(total.tokens),
        TOKENIZER_HASH: tokenizer_hash,
        "detok": __version__,
    }
