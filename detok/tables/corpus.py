"""The tables of a corpus: what its counts hold, whichever model they are for."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.model.vocabulary import Vocabulary
from detok.scores.undertrained import undertrained
from detok.tables.common import array

# Pairs seen less often are bound by chance: a token that occurs once is bound to its neighbour.
LEAST_BOUND = 20


class Coverage(NamedTuple):
    """How much of the vocabulary a corpus has."""

    tokens: int
    types: int  # different tokens that occur
    vocab_size: int  # ids that stand for a token
    half: int  # the most frequent tokens that make up half of all
    once: int  # tokens that occur once
    different_pairs: int
    pairs: int  # as often as they were seen
    within: int | None  # of these, inside words; None if that is not known


def coverage(counts: Counts, missing: list[int]) -> Coverage:
    """`missing` are ids that no token has."""
    shares = np.sort(counts.tokens)[::-1].cumsum()
    tokens = int(counts.tokens.sum())
    return Coverage(
        tokens=tokens,
        types=int((counts.tokens > 0).sum()),
        vocab_size=counts.vocab_size - sum(t < counts.vocab_size for t in missing),
        half=int(np.searchsorted(2 * shares, tokens)) + 1 if tokens else 0,
        once=int((counts.tokens == 1).sum()),
        different_pairs=len(counts.past),
        pairs=int(counts.pair_counts.sum(dtype=np.int64)),
        within=None if counts.within is None else int(counts.within.sum(dtype=np.int64)),
    )


def frequent_pairs(counts: Counts, n: int) -> pd.DataFrame:
    """The n most frequent pairs. Columns: past, current, count, pmi (in bits)."""
    return _pairs(counts).nlargest(n, "count").reset_index(drop=True)


def bound_pairs(counts: Counts, n: int, least: int = LEAST_BOUND) -> pd.DataFrame:
    """The n pairs of the largest PMI among those seen often enough, as `frequent_pairs`."""
    table = _pairs(counts)
    return table[table["count"] >= least].nlargest(n, ["pmi", "count"]).reset_index(drop=True)


def split_words(counts: Counts, vocabulary: Vocabulary, n: int) -> pd.DataFrame:
    """The n most frequent words that the tokenizer splits in two, of letters alone.

    Columns: past, current, word, count: at least so often the two tokens were a whole word. Pairs
    alone do not tell what stood beside them, but how often at most the first had another before it
    in its word, and the second one after it.

    Raises: InputError if the counts do not tell which pairs stood inside words.
    """
    inside = _pairs(counts.within_words())
    past, current = inside["past"].to_numpy(), inside["current"].to_numpy()
    V = counts.vocab_size
    before, after = (np.bincount(t, inside["count"], V).astype(np.int64) for t in (current, past))
    if counts.min_count > 1:
        # Pairs that were left out may have been inside words.
        known = _pairs(counts)
        before += counts.tokens - np.bincount(known["current"], known["count"], V).astype(np.int64)
        after += counts.tokens - np.bincount(known["past"], known["count"], V).astype(np.int64)
    whole = inside.assign(count=inside["count"] - before[past] - after[current])
    whole = whole[whole["count"] > 0].sort_values("count", ascending=False, kind="stable")
    rows = []
    for a, b, count, _ in whole.itertuples(index=False):
        if len(rows) == n:
            break
        word = vocabulary.text(a, b).strip()
        if word.isalpha():
            rows.append((a, b, word, count))
    return pd.DataFrame(rows, columns=["past", "current", "word", "count"])


def spelled(pairs: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    """Pairs with `joined`, the text of both tokens, and each as it is shown."""
    ids = pairs[["past", "current"]].to_numpy()
    return pairs.assign(
        joined=[vocabulary.show(*both) for both in ids.tolist()],
        past_shown=[vocabulary.show(past) for past in pairs["past"].tolist()],
        current_shown=[vocabulary.show(current) for current in pairs["current"].tolist()],
    )


def never_seen(counts: Counts, missing: list[int], by: pd.DataFrame | None = None) -> pd.DataFrame:
    """The tokens that do not occur, by id; by the `indicators` of a layer, nearest to unused first.

    Columns: token_id, and those of the indicators; by the norm where no distance is known.
    """
    ids = np.setdiff1d(np.flatnonzero(counts.tokens == 0), missing)
    table = pd.DataFrame({"token_id": ids})
    if by is None:
        return table
    table = table.join(by, on="token_id")
    known = "norm" if table["distance"].isna().all() else "distance"
    return table.sort_values(known, kind="stable").reset_index(drop=True)


def indicators(layer: Layer) -> pd.DataFrame:
    """Columns norm, variance, distance of every token, by its id; see `undertrained`.

    The distance is NaN where the layer has no unused tokens to compare with.
    """
    norm, variance, distance, _ = undertrained(layer)
    missing = np.full(layer.vocab_size, np.nan)
    return pd.DataFrame(
        {
            "norm": array(norm),
            "variance": array(variance),
            "distance": missing if distance is None else array(distance),
        }
    )


def _pairs(counts: Counts) -> pd.DataFrame:
    current = np.repeat(np.arange(counts.vocab_size), np.diff(counts.offsets))
    past = counts.past.astype(np.int64)
    return pd.DataFrame(
        {
            "past": past,
            "current": current,
            "count": counts.pair_counts.astype(np.int64),
            "pmi": counts.pmi(past, current),
        }
    )
