"""What the tables of token affinity say, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.readings import words
from detok.readings.specific import SPECIFIC, WHOLE, by
from detok.scores.affinity import Side
from detok.tables import affinity as tables

MAX_NAMED = 4  # pairs of pieces in a sentence


def answer(table: pd.DataFrame, layer: Layer, score: str = WHOLE) -> str:
    """The strongest pair of one head's affinity table, in words; `score` is what its scores are.

    Scores of different heads are on different scales: there is none of several.
    """
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


def lead(
    ranks: pd.DataFrame,
    layer: Layer,
    ids: list[int],
    in_words: list[int],
    t: int,
    head: int | None = None,
    score: str = WHOLE,
) -> str:
    """Which head ranks the piece before token t of a text highest, and how high.

    `ranks` are of `tables.piece_ranks` for the text's tokens `ids`, which are in words of those
    numbers. The head that is chosen is named too, if there is one.
    """
    shown, own = layer.tokenizer.show_each(ids), ranks[ranks["position"] == t]
    if own.empty and t + 1 < len(ids) and in_words[t + 1] == in_words[t]:
        return (
            f"{shown[t]} begins its word. Choose a piece after it for the head that looks for what "
            "stands before that piece."
        )
    if own.empty:
        return f"{shown[t]} is a word or a sign of one token here: there is nothing to rebuild."
    best = tables.best_ranks(own).iloc[0]
    said = _highest(best, layer, shown[t - 1], shown[t], score)
    if head is None or head in best["heads"]:
        return said
    rank = own.loc[own["head"] == head, "rank"].iloc[0]
    return f"{said} In head {head}, which is chosen, it has rank {rank:,}."


def _highest(best: pd.Series, layer: Layer, past: str, current: str, score: str) -> str:
    heads, rank, H = best["heads"], best["rank"], layer.n_heads
    have = "ranks" if len(heads) == 1 else "rank"
    which = f"{words.named(heads, H).capitalize()} {have} {past}"
    before = f"{words.words_for(layer).partner} {current}"
    by_score = f"of {layer.vocab_size:,} tokens {before}, by {by(score)}"
    if rank == 1:
        return f"{which} first {by_score}."
    if len(heads) == H:
        return f"{which} at place {rank:,} {by_score}."
    return f"No head ranks {past} first {before}. {which} highest, at place {rank:,} {by_score}."


def piece_ranks(best: pd.DataFrame, layer: Layer, score: str = WHOLE) -> str:
    """Of which pieces some head ranks the one before first; `best` is of `tables.best_ranks`."""
    first = best[best["rank"] == 1]
    scale = (
        "Rank of the piece before, in the same word, among all "
        f"{layer.vocab_size:,} tokens by {by(score)} (1: none scores higher; "
        f"{words.words_for(layer).neighbours}; the scale is logarithmic)."
    )
    which = "the pair" if len(best) == 1 else f"{len(first)} of {len(best)} pairs"
    if first.empty:
        closest = tables.first(best, "rank", largest=False).iloc[0]
        heads = words.named(closest["heads"], layer.n_heads)
        no = "The head does not rank" if layer.n_heads == 1 else "No head ranks"
        none = "the pair" if len(best) == 1 else f"any of the {len(best)} pairs"
        return (
            f"{scale} {no} it first for {none}; the best is rank {closest['rank']:,} for "
            f"{_pair(closest)}, in {heads}."
        )
    listed = "; ".join(
        f"{_pair(row)} in {words.named(row['heads'], layer.n_heads)}"
        for _, row in first.head(MAX_NAMED).iterrows()
    )
    more = f"; and {len(first) - MAX_NAMED} more" if len(first) > MAX_NAMED else ""
    return f"{scale} Some head ranks it first for {which}: {listed}{more}."


def _pair(row: pd.Series) -> str:
    """A pair of pieces without its place in the text."""
    return row["pair"].split(": ", 1)[1]


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
