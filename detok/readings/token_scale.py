"""What is said of what the first norm of a rotary model divides by."""

import math

import pandas as pd

from detok.model.rotary_layer import RotaryLayer
from detok.readings.frequency import NO_CORRELATION
from detok.scores.token_scale import TokenScale
from detok.tables.layernorm import N_BINS


def name(layer: RotaryLayer) -> str:
    """How the norm before the first attention layer is called."""
    return "LayerNorm" if layer.first.norm.is_centred else "RMSNorm"


def begun(layer: RotaryLayer) -> str:
    """What there is to be divided, and what there is not."""
    no_positions = (
        "This model adds no positions to its tokens: no position has a variance, and none stands "
        "out by it. What the model gives to distances is on the page of positional bias."
    )
    if layer.first.norm is None:
        after = " What it norms are queries and keys." if layer.query.norm is not None else ""
        return (
            f"{no_positions} Nor is there a norm before its first attention layer: queries and "
            f"keys are projections of the embeddings as they are.{after}"
        )
    what = (
        "the root of ε plus the variance of its features"
        if layer.first.norm.is_centred
        else "the root of ε plus the mean square of its features; no mean is taken off"
    )
    return (
        f"{no_positions} Before attention, {name(layer)} divides the embedding of a token by its "
        f"own **σ**: {what}. It is the same wherever the token stands, so that scores of tokens "
        "need no average over positions. A click on a point leads to the affinity of its token."
    )


def norms(ends: pd.DataFrame, scale: TokenScale, layer: RotaryLayer) -> str:
    """How far σ of the tokens is apart, and how alike it makes their norms."""
    least, most = ends.loc["smallest"], ends.loc["largest"]
    before, after = scale.spreads
    alike = "more alike" if after < before else "less alike"
    if f"{before:.3g}" == f"{after:.3g}":
        alike = "as alike as before"
    times = f": {most['sigma'] / least['sigma']:.3g} times as much" if least["sigma"] else ""
    return (
        f"σ is smallest for {least['shown']} ({least['sigma']:.3g}) and largest for "
        f"{most['shown']} ({most['sigma']:.3g}){times}; the median is "
        f"{ends.loc['median', 'sigma']:.3g}. Division by it takes the standard deviation of the "
        f"norms of {len(scale.sigma):,} tokens from {before:.3%} to {after:.3%} of their mean: "
        f"{name(layer)} makes them {alike}. Drawn as {N_BINS} equal bins."
    )


def frequency(row: pd.Series, layer: RotaryLayer) -> str:
    """How σ goes with how often a token occurs; `row` is of `tables.frequency.correlations`."""
    if math.isnan(row["rho"]):
        return NO_CORRELATION
    direction = "neither rare nor frequent tokens are seen to have the larger σ"
    if row["larger_for"] is not None:
        direction = f"{row['larger_for']} tokens tend to have the larger σ"
    return (
        f"Spearman's ρ of σ and token count is {row['rho']:+.2f} (p {row['p_shown']}), over "
        f"{row['n']:,} tokens: {direction}, by which {name(layer)} divides them."
    )
