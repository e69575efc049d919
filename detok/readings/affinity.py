"""What the tables of token affinity say, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer


def answer(table: pd.DataFrame, layer: Layer) -> str:
    """The strongest pair of an affinity table, in words."""
    best = table.loc[table["score"].idxmax()]
    return (
        f"Strongest of all {layer.vocab_size:,} tokens: {best['shown']} in head {best['head']} "
        f"(T^ee = {best['score']:.1f}, unscaled), which joins to “{best['joined_shown']}”."
    )


def known(table: pd.DataFrame, counts: Counts | None) -> str:
    """How many pairs of an affinity table are known, and from where."""
    heads = table["head"].nunique()
    over = f" over {heads} heads" if heads > 1 else ""
    longer = "Longer bars are tokens that the head would rather bind."
    if counts is None:
        return longer
    rare = f" at least {counts.min_count} times" if counts.min_count > 1 else ""
    n_known = len(table[table["known"]])
    share = f"{n_known} of the {len(table)} pairs shown{over}"
    return f"{longer} {share} really occur{rare} in {counts.origin}."


def piece_ranks(typical: pd.DataFrame, layer: Layer) -> str:
    """Which head puts the true previous pieces highest."""
    best = typical.loc[typical["rank"].idxmin()]
    what = "pair" if best["n"] == 1 else f"{best['n']:.0f} pairs (geometric mean)"
    return (
        f"Rank of the true previous piece among all {layer.vocab_size:,} tokens (1 is best; the "
        f"scale is logarithmic). Head {best['head']:.0f} ranks it highest: {best['rank']:,.0f} for "
        f"the {what}."
    )


def pairs(own_copies: pd.DataFrame) -> str:
    """In which heads a token's own copy is most often its best partner."""
    heads = [f"head {row.head} for {row.own} of {row.n}" for row in own_copies.head(3).itertuples()]
    return (
        "A bright diagonal is a head that attends to copies of the token itself. Of these tokens, "
        f"a token's own copy is its best partner in {', '.join(heads)}."
    )
