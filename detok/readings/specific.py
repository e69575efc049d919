"""What is said of the two parts of Tᵉᵉ, in sentences."""

import pandas as pd

from detok.counting.counts import Counts

WHOLE, SPECIFIC, SHARED = "Tᵉᵉ", "specific part of Tᵉᵉ", "shared part of Tᵉᵉ"


def by(score: str) -> str:
    """By what something is ranked, as part of a sentence."""
    return score if score == WHOLE else f"the {score}"


def mean_query(counts: Counts | None) -> str:
    """Over which tokens the mean query is taken, as part of a sentence."""
    tokens = (
        "the mean query of all tokens (σ averaged over positions where it depends on them), each "
        "weighing"
    )
    if counts is None or not counts.tokens.any():
        return f"{tokens} the same for want of counts"
    return f"{tokens} as often as it occurs in {counts.origin}"


def values(score: str, counts: Counts | None) -> str:
    """What the numbers of a file are."""
    return f"{score}, unscaled" + ("" if score == WHOLE else f"; q̄ is {mean_query(counts)}")


def parts(counts: Counts | None) -> str:
    """What the two parts of Tᵉᵉ are."""
    return (
        "Tᵉᵉ is q·k, the sum of two parts: the shared one, q̄·k, is the same whichever the current "
        "token is; the specific one, (q − q̄)·k, is what this current token adds. q̄ is "
        f"{mean_query(counts)}."
    )


def in_text(counts: Counts | None, scaled: str) -> str:
    """What the two parts of ee in a text are, and how they are given."""
    return (
        f"ee shared is q̄·k, {scaled}: what the head gives to token j whichever token i is. ee "
        f"specific is the rest, what this token i adds. q̄ is {mean_query(counts)}."
    )


def constant(shared: pd.DataFrame, shown: str, seen: str) -> str:
    """That the shared part ranks no current tokens; `shared` has a row a head."""
    one = "one number in each head"
    if len(shared) == 1:
        only = shared.iloc[0]
        one = f"{only['score']:+.2f} in head {only['head']:.0f}"
    return (
        f"With {shown} as the {seen} token, the shared part is the same for all current tokens, "
        f"{one}: a head's specific parts rank them as its whole scores do."
    )


def liked(table: pd.DataFrame) -> str:
    """The token with the largest shared part in one head; the others are in the table.

    Scores of different heads are on different scales: there is no largest of several.
    """
    best = table.loc[table["score"].idxmax()]
    return (
        f"Largest: {best['shown']} in head {best['head']} (q̄·k = {best['score']:.1f}, unscaled), "
        "whichever token attends to it."
    )
