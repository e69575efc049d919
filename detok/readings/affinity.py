"""What the tables of token affinity say, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.readings import words
from detok.readings.specific import SPECIFIC, WHOLE, by
from detok.scores.affinity import Side
from detok.tables import affinity as tables


def answer(table: pd.DataFrame, layer: Layer, score: str = WHOLE) -> str:
    """The strongest pair of an affinity table, in words; `score` is what its scores are."""
    strongest = tables.strongest(table)
    best = strongest.iloc[0]
    also = (
        f" Of those shown, {len(strongest) - 1:,} more are as strong." if len(strongest) > 1 else ""
    )
    return (
        f"Strongest of all {layer.vocab_size:,} tokens: {best['shown']} in head {best['head']} "
        f"({score} = {best['score']:.3g}, unscaled), which joins to “{best['joined_shown']}”.{also}"
    )


def known(
    table: pd.DataFrame, counts: Counts | None, score: str = WHOLE, side: Side = "past"
) -> str:
    """How many pairs of an affinity table of this side are known, from where, and its signs."""
    heads = table["head"].nunique()
    over = f" over {heads} heads" if heads > 1 else ""
    if score == SPECIFIC:
        higher = "The specific part is how far the pair's score is above that of the mean query."
    elif side == "past":
        higher = "The higher Tᵉᵉ, the more of its attention the chosen token gives to this one."
    else:
        higher = (
            "The higher Tᵉᵉ, the better the query of a current token goes with the key of the "
            "chosen one; what it gives of its attention depends on all that it sees."
        )
    if counts is None:
        return f"{higher} {words.SIGNS}"
    rare = f" at least {counts.min_count} times" if counts.min_count > 1 else ""
    n_known = len(table[table["known"]])
    pairs = "pair" if len(table) == 1 else "pairs"
    occur = "occurs" if n_known == 1 else "occur"
    share = f"{n_known} of the {len(table)} {pairs} shown{over}"
    marked = " (✓)" if heads > 1 and n_known else ""
    return f"{higher} {share} really {occur}{marked}{rare} in {counts.origin}. {words.SIGNS}"


def piece_ranks(typical: pd.DataFrame, layer: Layer, score: str = WHOLE) -> str:
    """Which head puts the true previous pieces highest."""
    heads = tables.best_heads(typical)
    best, which = heads.iloc[0], words.named(heads["head"].tolist(), len(typical))
    ranks = "ranks" if len(heads) == 1 else "rank"
    most = "" if len(heads) == len(typical) else " highest"
    what = "pair" if best["n"] == 1 else f"{best['n']:.0f} pairs (geometric mean)"
    return (
        f"Rank of the true previous piece among all {layer.vocab_size:,} tokens by {by(score)} (1: "
        f"none scores higher; the scale is logarithmic). {which.capitalize()} {ranks} it{most}: "
        f"{best['rank']:,.0f} for the {what}."
    )


def pairs(own_copies: pd.DataFrame, score: str = WHOLE) -> str:
    """In which heads a token's own copy is most often its best partner."""
    diagonal = "A bright diagonal is a head that attends to copies of the token itself."
    most = own_copies.iloc[0]
    if most["n"] == 1:
        return f"{diagonal} One token has no other to be compared with."
    if not most["own"]:
        return f"{diagonal} In no head is a token's own copy its best partner of these."
    heads = [f"head {row.head} for {row.own} of {row.n}" for row in own_copies.head(3).itertuples()]
    if score == SPECIFIC:
        return (
            "A bright diagonal is a head in which a token adds to the score of its own copies. Of "
            "these tokens, a token's own copy has the largest specific part in "
            f"{', '.join(heads)}."
        )
    return (
        f"{diagonal} Of these tokens, a token's own copy is its best partner in {', '.join(heads)}."
    )
