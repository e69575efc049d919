"""What the tables of token affinity say, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.readings.specific import SPECIFIC, WHOLE, by


def answer(table: pd.DataFrame, layer: Layer, score: str = WHOLE) -> str:
    """The strongest pair of an affinity table, in words; `score` is what its scores are."""
    best = table.loc[table["score"].idxmax()]
    return (
        f"Strongest of all {layer.vocab_size:,} tokens: {best['shown']} in head {best['head']} "
        f"({score} = {best['score']:.1f}, unscaled), which joins to “{best['joined_shown']}”."
    )


def known(table: pd.DataFrame, counts: Counts | None, score: str = WHOLE) -> str:
    """How many pairs of an affinity table are known, and from where."""
    heads = table["head"].nunique()
    over = f" over {heads} heads" if heads > 1 else ""
    longer = "Longer bars are tokens that the head would rather bind."
    if score == SPECIFIC:
        longer = "A bar is how far the pair's score is above that of the mean query."
    if counts is None:
        return longer
    rare = f" at least {counts.min_count} times" if counts.min_count > 1 else ""
    n_known = len(table[table["known"]])
    share = f"{n_known} of the {len(table)} pairs shown{over}"
    return f"{longer} {share} really occur{rare} in {counts.origin}."


def piece_ranks(typical: pd.DataFrame, layer: Layer, score: str = WHOLE) -> str:
    """Which head puts the true previous pieces highest."""
    best = typical.loc[typical["rank"].idxmin()]
    what = "pair" if best["n"] == 1 else f"{best['n']:.0f} pairs (geometric mean)"
    return (
        f"Rank of the true previous piece among all {layer.vocab_size:,} tokens by {by(score)} "
        f"(1 is best; the scale is logarithmic). Head {best['head']:.0f} ranks it highest: "
        f"{best['rank']:,.0f} for the {what}."
    )


def pairs(own_copies: pd.DataFrame, score: str = WHOLE) -> str:
    """In which heads a token's own copy is most often its best partner."""
    heads = [f"head {row.head} for {row.own} of {row.n}" for row in own_copies.head(3).itertuples()]
    if score == SPECIFIC:
        return (
            "A bright diagonal is a head in which a token adds to the score of its own copies. Of "
            "these tokens, a token's own copy has the largest specific part in "
            f"{', '.join(heads)}."
        )
    return (
        "A bright diagonal is a head that attends to copies of the token itself. Of these tokens, "
        f"a token's own copy is its best partner in {', '.join(heads)}."
    )
