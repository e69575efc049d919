"""What the tables of reversed attention say, in sentences."""

import pandas as pd

from detok.readings import words
from detok.whole.run import Run

COUNTERFACTUAL = (
    "Counterfactual: patched weights still sum to 1 in a row, but some may be below 0 or above 1, "
    "which the model was never trained with."
)
NOTHING = (
    "R is 0 in every head: to first order, no change of an attention score changes the loss here."
)
MAX_NAMED = 3  # heads that tie


def answer(largest: pd.DataFrame, norms: pd.DataFrame) -> str:
    """Which head matters most to the loss, and how much of all it is; `largest` are the first."""
    best, n = largest.iloc[0], len(norms)
    if best["reversed"] == 0:
        return NOTHING
    if n == 1:
        return f"The model has a single head: ‖R‖ is {best['reversed']:.3g}."
    if len(largest) > 1:
        named = _several(largest)
        return (
            f"‖R‖ is largest, and the same, in {named}: {best['reversed']:.3g} each, "
            f"{best['share']:.1%} of the sum over {n:,} heads; the mean of a head is {1 / n:.1%}."
        )
    return (
        f"‖R‖ is largest in {_head(best)}: {best['reversed']:.3g}, {best['share']:.1%} of the sum "
        f"over {n:,} heads. The mean of a head is {1 / n:.1%}."
    )


def forward(largest: pd.DataFrame, even: float, n: int) -> str:
    """Where attention is least spread; `even` is the norm of attention that is spread evenly."""
    best = largest.iloc[0]
    which = _head(best) if len(largest) == 1 else _several(largest)
    return (
        f"‖A‖ is the larger the fewer tokens a head attends to: {even:.3g} would be attention "
        f"spread evenly over this text, {n**0.5:.3g} attention to a single token in every row. "
        f"Largest in {which}: {best['forward']:.3g}."
    )


def reverse(run: Run) -> str:
    """What the map of ‖R‖ is of."""
    show = run.model.tokenizer.show
    return (
        f"R is the gradient of −log p({show(run.target)}) at a head’s attention scores, before "
        "they are divided: where ‖R‖ is large, another score would change the loss most."
    )


def attention(seen_from: str) -> str:
    """What the map of A is; `seen_from` names the head."""
    return f"A of {seen_from}: the weights with which token i takes what token j passes on."


def gradient(run: Run, number: int) -> str:
    """What the map of R is, and why most of it may be empty."""
    only_last = (
        " In the last layer only the last token’s attention reaches the answer: all other rows "
        "are 0."
        if number == run.model.n_layers - 1 and run.n > 1
        else ""
    )
    return (
        "Red: a larger score would raise the loss. Blue: it would lower it, and make the target "
        f"more probable. A row sums to 0, as its weights have to sum to 1.{only_last}"
    )


def strongest(strongest: pd.DataFrame, share: float, n: int) -> str:
    """How much of R a few pairs hold; `n` have an R other than 0."""
    if strongest.empty:
        return "R of this head is 0 for every pair."
    k = len(strongest)
    pairs = "strongest pair holds" if k == 1 else f"{k} strongest pairs hold"
    return (
        f"The {pairs} {share:.0%} of Σ|R| of this head, where R is not 0 for "
        f"{words.amount(n, 'pair')}: {k} of them would hold {k / n:.0%} if all were alike. A click "
        "on one frames it in both maps."
    )


def pair(row: pd.Series, is_shown: bool) -> str:
    """What one pair's score does to the loss, and whether it is among the tokens that are shown."""
    R = row["reversed"]
    does = f"would {'raise' if R > 0 else 'lower'} the loss, by {abs(R):.3g} nats for each unit"
    if R == 0:
        does = "would leave the loss as it is"
    return (
        f"i = {row['i']} “{_token(row['current'])}”, j = {row['j']} “{_token(row['past'])}”: "
        f"A = {row['attention']:.3g}, R = {R:+.3g}. To first order, a larger score {does}."
        f"{'' if is_shown else ' The pair is not among the tokens shown.'}"
    )


def patching(patching: pd.DataFrame, lowered: pd.DataFrame, eta: float) -> str:
    """What a step against the gradient does to the loss, and how far that holds."""
    at, as_it_is = (patching.loc[patching["eta"] == x].iloc[0] for x in (eta, 0))
    here = (
        f"As the model is, the target has probability {as_it_is['probability']:.3g} (loss "
        f"{as_it_is['loss']:.3f})"
    )
    if eta:
        here += f"; at η = {eta:g}, {at['probability']:.3g} (loss {at['loss']:.3f})"
    good = lowered.loc[lowered["is_lower"], "eta"].to_list()
    n = len(lowered)
    if len(good) == n:
        found = f"All {n} negative η tried lower the loss."
    elif not good:
        found = f"None of the {n} negative η tried lowers the loss."
    else:
        wrong = lowered.loc[~lowered["is_lower"], "eta"].to_list()
        found = (
            f"Of {n} negative η tried, {len(good)} lower{'s' if len(good) == 1 else ''} the loss, "
            f"and {_etas(wrong)} {'does' if len(wrong) == 1 else 'do'} not: the gradient says what "
            "a small step does."
        )
    return f"{here}. {found}"


def _etas(several: list[float]) -> str:
    return ", ".join(f"{eta:g}" for eta in several)


def _head(row: pd.Series) -> str:
    return f"head {row['head']:.0f} of layer {row['layer']:.0f}"


def _several(rows: pd.DataFrame) -> str:
    if len(rows) > MAX_NAMED:
        return words.amount(len(rows), "head")
    return ", ".join(_head(row) for _, row in rows.iterrows())


def _token(label: str) -> str:
    """The token of a label, without its place."""
    return label.split(" ", 1)[1]
