"""What is said of what a rotary model gives to distances, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.rotary_layer import RotaryLayer
from detok.readings import words
from detok.scores.distance_bias import DistanceBias
from detok.tables.distance_bias import NEAR

SYMBOLS = {"ee": "Tᵉᵉ", "be": "Tᵇᵉ", "eb": "Tᵉᵇ", "bb": "Tᵇᵇ"}


def made_of(layer: RotaryLayer) -> str:
    """What of this model's scores leans toward some distances."""
    if layer.slopes is not None:
        return (
            "This model adds no positions to its tokens: each head takes so much off a score for "
            "each token of the distance Δ = i − j of two tokens. That is in $T^{bb}$; every other "
            "term is the same at all distances."
        )
    begun = (
        "This model adds no positions to its tokens: it turns their queries and keys, so that a "
        "score depends on the distance Δ = i − j of two tokens."
    )
    if "bb" in layer.term_names:
        lean = (
            "$T^{bb}$ is of the distance alone; every other term may lean toward some distances on "
            "average over the tokens."
        )
    else:
        has_one = len(layer.term_names) == 1
        lean = (
            f"{'Its only term is not' if has_one else 'None of its terms is'} of the distance "
            f"alone, but on average over the tokens {'it' if has_one else 'they'} may still lean "
            "toward some distances."
        )
    return f"{begun} {lean}{words.limits(layer)}"


def curves(largest: pd.DataFrame, bias: DistanceBias, counts: Counts | None) -> str:
    """Where the mean of each term is largest, in one head or in several; and means of what."""
    heads, parts = largest["head"].unique(), []
    for name in bias.mean.names:
        of_term = largest[largest["term"] == name]
        what = SYMBOLS[name] if name == "bb" else f"the mean of {SYMBOLS[name]}"
        if not of_term["span"].any():
            parts.append(f"{what} is the same at all")
        elif len(heads) == 1:
            row = of_term.iloc[0]
            parts.append(
                f"{what} is largest at Δ = {row['distance']:.0f} ({row['mean']:+.3g}) and spans "
                f"{row['span']:.3g}"
            )
        else:
            close = of_term[of_term["distance"] < NEAR]
            parts.append(f"{what} is largest at Δ < {NEAR} in {len(close)}")
    where = f"In head {heads[0]}" if len(heads) == 1 else f"Of {words.heads(len(heads))}"
    over = f"distances {bias.distances[0]} to {bias.distances[-1]}"
    sentence = (
        f"{where}, over {over}: {'; '.join(parts)}. Means are over all pairs of "
        f"{words.amount(len(bias.tokens), 'token')} drawn {words.drawn(counts)}, the one as "
        "token i and the other as token j; bands are a standard deviation over the pairs."
    )
    return f"{sentence} Tᵇᵇ is the same for all pairs." if "bb" in bias.mean.names else sentence


def attention(masses: pd.Series, i: int, head: int | None) -> str:
    """How much attention goes to the nearest tokens: by the means alone, and measured."""
    where = f"in head {head}"
    if head is None:
        where = f"on average over {words.heads(int(masses['n_heads']))}"
    n = masses["n_near"]
    near = "itself" if n == 1 else f"the last {n:.0f} tokens, itself among them,"
    sentence = (
        f"By the means of the terms alone, i = {i} would give {masses['near_expected']:.0%} to "
        f"{near} {where} (evenly spread: {masses['near_even']:.0%})"
    )
    if "near_mean" in masses:
        sentence += (
            f"; in texts it gives {masses['near_mean']:.0%}. The two curves overlap by "
            f"{masses['overlap']:.0%}"
        )
    return f"{sentence}."
