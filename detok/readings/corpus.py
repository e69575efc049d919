"""What is said of a corpus: of its counts, and of the pairs that they bind."""

import pandas as pd

from detok.counting.counts import Counts
from detok.readings.words import amount
from detok.tables.corpus import LEAST_BOUND, Coverage


def used(counts: Counts, n_tokens: int, is_own: bool) -> str:
    """Which counts a page uses, and how many tokens they are of."""
    pairs = f"; pairs seen at least {counts.min_count} times" if counts.min_count > 1 else ""
    own = ", your own, in this session alone" if is_own else ""
    counted = amount(n_tokens, "token")
    return f"Counts: {counted} of {counts.origin}{pairs}{own}. {_note(counts)}".strip()


def _note(counts: Counts) -> str:
    return counts.provenance.get("note", "")


def not_here(label: str) -> str:
    """What a link says that was made with counts that this visitor does not have."""
    return (
        f"The link was made with counts of somebody's own: “{label}”. They are not part of it, so "
        "that the numbers here are by other counts. Whoever made it can take the file along on "
        "the page Your corpus; with that file there, you see the same."
    )


def other_tokenizer(origin: str) -> str:
    """Why a visitor's own counts are not used for the shown model."""
    return f"Your own counts, of {origin}, are of another tokenizer and not used for this model."


def held(found: Coverage, documents: str) -> dict[str, str]:
    """How much there is of a corpus, in a few numbers."""
    is_number = documents.isdecimal() and len(documents) < 20  # Python refuses endless ones
    share = f" of {found.vocab_size:,}" if found.vocab_size else ""
    within = {} if found.within is None else {"Inside words": _share(found)}
    return {
        **({"Documents": f"{int(documents):,}"} if is_number else {}),
        "Tokens": f"{found.tokens:,}",
        "Vocabulary": f"{found.types:,}{share}",
        "Pairs": f"{found.different_pairs:,}",
        **within,
    }


def _share(found: Coverage) -> str:
    return f"{found.within / found.pairs:.1%}" if found.pairs else "none"


def covers(found: Coverage) -> str:
    """How uneven the tokens are."""
    if not found.tokens:
        return "No token occurs."
    most = "most frequent token is" if found.half == 1 else "most frequent tokens are"
    n = "The" if found.half == 1 else f"The {found.half:,}"
    return (
        f"{n} {most} at least half of the text; {amount(found.once, 'token')} "
        f"{'occurs' if found.once == 1 else 'occur'} once."
    )


def left_out(counts: Counts) -> str | None:
    """What could not be counted."""
    said = counts.provenance.get("left_out")
    return f"Left out: {said}." if said else None


def split(table: pd.DataFrame) -> str:
    """The word that is split in two most often."""
    if table.empty:
        return "No word of letters is certain to have been split in two."
    row = table.iloc[0]
    return (
        f"The most frequent of the words that the tokenizer splits in two is {row['joined']}: "
        f"{row['past_shown']} + {row['current_shown']}, at least {_times(row)}. Pairs alone do not "
        "tell what stood beside them in a word, so that a word may occur more often."
    )


def bound(table: pd.DataFrame) -> str:
    """The pair of the largest PMI."""
    if table.empty:
        return f"No pair was seen inside words {LEAST_BOUND} times or more."
    row = table.iloc[0]
    return (
        f"Most bound are {row['past_shown']} + {row['current_shown']}: seen {_times(row)} inside "
        f"words, {_factor(row['pmi'])} by their pointwise mutual information of {row['pmi']:.1f} "
        f"bits. Listed are pairs seen there {LEAST_BOUND} times or more."
    )


def frequent(table: pd.DataFrame) -> str:
    """The pair that was seen most."""
    if table.empty:
        return "No pair of tokens was seen."
    row = table.iloc[0]
    return (
        f"The most frequent neighbours are {row['past_shown']} + {row['current_shown']}: "
        f"{_times(row)}."
    )


def _times(row: pd.Series) -> str:
    return "once" if row["count"] == 1 else f"{row['count']:,} times"


def _factor(bits: float) -> str:
    times = 2.0**bits
    size = f"{times:,.0f}" if times >= 10 else f"{times:.2g}"
    return f"{size} times as often as chance would have it"


UNKNOWN = (
    "These counts do not tell which pairs stood inside words, as those of token ids and of files "
    "that older versions of detok wrote."
)
VALUES = "counts, and pointwise mutual information in bits"
