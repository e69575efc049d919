"""What the tables of token affinity say, in sentences."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer


def affinity_answer(table: pd.DataFrame, layer: Layer) -> str:
    """The strongest pair of an affinity table, in words."""
    best = table.loc[table["score"].idxmax()]
    return (
        f"Strongest of all {layer.vocab_size:,} tokens: {best['shown']} in head {best['head']} "
        f"(T^ee = {best['score']:.1f}, unscaled), which joins to “{best['joined_shown']}”."
    )


def affinity_reading(table: pd.DataFrame, counts: Counts | None) -> str:
    """How many pairs of an affinity table are known, and from where."""
    heads = table["head"].nunique()
    over = f" over {heads} heads" if heads > 1 else ""
    longer = "Longer bars are tokens that the head would rather attend to."
    if counts is None:
        return longer
    rare = f" at least {counts.min_count} times" if counts.min_count > 1 else ""
    known = int(table["known"].sum())
    share = f"{known} of the {len(table)} pairs shown{over}"
    return f"{longer} {share} really occur{rare} in {counts.origin}."


def piece_ranks_reading(table: pd.DataFrame, layer: Layer) -> str:
    """Which head puts the true previous pieces highest, by the geometric mean of their ranks."""
    typical = np.exp(np.log(table["rank"]).groupby(table["head"]).mean())
    n_pairs = table["position"].nunique()
    best = int(typical.idxmin())
    what = "pair" if n_pairs == 1 else f"{n_pairs} pairs (geometric mean)"
    return (
        f"Rank of the true previous piece among all {layer.vocab_size:,} tokens (1 is best; the "
        f"scale is logarithmic). Head {best} ranks it highest: {typical[best]:,.0f} for the {what}."
    )


def affinity_pairs_reading(table: pd.DataFrame) -> str:
    """How often a token's own copy is its best partner, per head: the bright diagonals."""
    best = table.loc[table.groupby(["head", "row"])["score"].idxmax()]
    own = (best["row"] == best["column"]).groupby(best["head"]).sum().sort_values(ascending=False)
    n = table["row"].nunique()
    heads = [f"head {head} for {count} of {n}" for head, count in own.head(3).items()]
    return (
        "A bright diagonal is a head that attends to copies of the token itself. Of these tokens, "
        f"a token's own copy is its best partner in {', '.join(heads)}."
    )
