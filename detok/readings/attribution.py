"""What the tables of the terms' loss attribution say, in sentences."""

import pandas as pd

from detok.readings import words
from detok.tables.attribution import EPSILON, SUM
from detok.whole.run import Run

SIGN = (
    "An attribution is the first-order change of the loss as a term is scaled up: with scores "
    "s + ε Tᵗ the loss changes by ε times it, in nats. Below 0 the term is on the target’s side: "
    "more of it makes the target more probable. Above 0 it is against it."
)
NOTHING = "All attributions are 0: to first order, no term of any head changes the loss here."


def answer(largest: pd.DataFrame, run: Run) -> str:
    """Which term of which head matters most to the loss, beside all others."""
    best = largest.iloc[0]
    if not best["attribution"]:
        return NOTHING
    target = run.model.tokenizer.show(run.target)
    does = "less" if best["attribution"] > 0 else "more"
    ties = len(largest) - 1
    also = f" {ties} more {'is' if ties == 1 else 'are'} as large." if ties else ""
    return (
        f"Largest in the first layer: {best['term']} of head {best['head']}, "
        f"{best['attribution']:+.3g}, where the mean size over all terms and heads is "
        f"{best['mean']:.3g}. To first order, 1% more of it would change the loss by "
        f"{best['attribution'] / 100:+.2g} nats and make {target} {does} probable.{also}"
    )


def by_head(over_heads: pd.Series, total: float) -> str:
    """What the bars are, and each term in all heads at once."""
    parts = ", ".join(f"{term} {value:+.3g}" for term, value in over_heads.items())
    return (
        f"{SIGN} The six bars of a head add up to the diamond, the attribution of all its scores: "
        f"above 0, sharper attention would raise the loss. With all heads scaled at once: {parts}; "
        f"together {total:+.3g}."
    )


def of_head(table: pd.DataFrame, head: int, cancelled: float) -> str:
    """How the six of one head add up."""
    whole = table[table["part"] == SUM].iloc[0]
    last = table[table["part"] != SUM].iloc[-1]
    if not whole["value"] and not last["end"] and not cancelled:
        return f"In head {head}, all six attributions are 0."
    return (
        f"In head {head}, the six add up to {last['end']:+.3g}; Σ R ⊙ s of the model’s own scores "
        f"is {whole['value']:+.3g}. {cancelled:.0%} of what the six do cancels among them."
    )


def tried(furthest: pd.Series | None, widest: pd.Series | None, dtype: str) -> str:
    """How far finite differences are from the attributions; None where all of these are 0.

    `furthest` is the term whose difference is largest beside the head's largest attribution,
    `widest` that whose is largest beside its own.
    """
    how = f"Tried: {EPSILON:.0%} of a term is added to the model’s scores, and taken away"
    if furthest is None or widest is None:
        return f"{how}. Attributions of 0 have no relative difference."
    return (
        f"{how}, in two forward passes for each term; the marks in the chart are what the loss "
        f"did. Largest difference: {furthest['difference']:.2g}, {furthest['of_largest']:.2%} of "
        f"the head’s largest attribution, in {furthest['part']}. Largest beside a term’s own: "
        f"{widest['relative']:.2%}, in {widest['part']} ({widest['value']:+.2g}). What is left is "
        f"rounding, as the model computes in {dtype}, and the size of the step."
    )


def carriers(carriers: pd.DataFrame, share: float, n: int, head: int) -> str:
    """How much of a head's attribution a few pairs hold; `n` have any."""
    k = carriers["rank"].nunique()
    if not k:
        return f"In head {head}, no pair has an attribution other than 0."
    which = "The pair that does most holds" if k == 1 else f"The {k} pairs that do most hold"
    return (
        f"{which} {share:.0%} of the sizes of all; {words.amount(n, 'pair')} "
        f"{'has' if n == 1 else 'have'} any, and {k} would hold {k / n:.0%} if all were alike. "
        "Of a pair: R_ij (Tᵗ_ij − the row’s mean of Tᵗ, as attention weighs it). Rows of R sum to "
        "0, so the bars of all pairs still add up to those of the head."
    )
