"""What the curve of a pair over distances says, and its spectrum, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.rotary_layer import RotaryLayer
from detok.readings import words
from detok.readings.specific import WHOLE

TERMS = {"ee": WHOLE, "total": "whole score"}
MAX_NAMED = 4  # heads in a sentence


def made_of(layer: RotaryLayer) -> str:
    """What makes a pair's score depend on its distance."""
    if layer.slopes is not None:
        return (
            "For each token of the distance $\\Delta$ between its tokens the score of a pair loses "
            "the same, whatever the tokens are, and in each head another amount."
        )
    return (
        "The score of a pair is a sum of waves over the distance $\\Delta$ between its tokens, one "
        "for each frequency by which the model turns queries and keys."
    )


def pair(past: str, current: str) -> str:
    """How two tokens are named together."""
    return f"{past} before {current}"


def curve(
    peaks: pd.DataFrame, distances: list[int], of: str, term: str, n_heads: int, only: bool
) -> str:
    """At which of the distances a pair, named `of`, scores highest, from `tables.peaks`.

    `only` tells that the model has no other term.
    """
    score, among = TERMS[term], _among(distances)
    whole = f" {score} is the whole score of this model." if only else ""
    if len(peaks) == 1 < n_heads or n_heads == 1:
        return _one(peaks, among, len(distances), of, score) + whole
    nearest, n = distances[0], len(peaks)
    near = peaks[(peaks["distance"] == nearest) & (peaks["n"] < len(distances))]
    which = f": {words.named(near['head'].tolist(), n)}" if 0 < len(near) < n else ""
    said = (
        f"Of {among}, the {score} of {of} is largest at {nearest} in {len(near)} of "
        f"{words.heads(n)}{which}."
    ).replace(f"the {WHOLE}", WHOLE)
    far = peaks[peaks["distance"] != nearest]
    if not far.empty:
        listed = "; ".join(
            f"in head {row.head} at {row.distance}" for row in far.head(MAX_NAMED).itertuples()
        )
        more = f"; and so on for {len(far) - MAX_NAMED} more" if len(far) > MAX_NAMED else ""
        said += f" Farther away: {listed}{more}."
    return said + whole


def _one(peaks: pd.DataFrame, among: str, n: int, of: str, score: str) -> str:
    peak = next(peaks.itertuples())
    chance = f"{peak.mean:.3g}"
    if "high" in peaks:
        chance += f" ± {peak.high - peak.mean:.2g}"
    value = f"{score} = {peak.score:.3g}, unscaled; pairs of random tokens there: {chance}"
    if n == peak.n > 1:
        return f"Head {peak.head} scores {of} the same at all {among} ({value})."
    also = f" and {peak.n - 1} more" if peak.n > 1 else ""
    return (
        f"Head {peak.head} scores {of} highest at distance {peak.distance}{also}, of {among} "
        f"({value})."
    )


def _among(distances: list[int]) -> str:
    if len(distances) == 1:
        return f"distance {distances[0]} alone"
    return f"distances {distances[0]} to {distances[-1]}"


def chance(counts: Counts | None, n_drawn: int, has_band: bool) -> str:
    """What the random pairs are that the curve is to be seen against."""
    as_often = (
        "each as likely as any other for want of counts"
        if counts is None or not counts.tokens.any()
        else f"as often as they occur in {counts.origin}"
    )
    band = " The band is a standard deviation over these pairs." if has_band else ""
    return (
        f"Random pairs: all those of {words.amount(n_drawn, 'token')} drawn {as_often}; the line "
        f"is their mean.{band}"
    )


def spectrum(strongest: pd.DataFrame, theta_is_partial: bool) -> str:
    """Which frequency a pair uses most, from `tables.strongest`."""
    how = (
        f"{WHOLE} of a pair is a sum of waves over the distance; an amplitude is how far one "
        "moves it up and down (grey: the root mean square over the random pairs). Waves far longer "
        "than the distances that are shown hardly change over them."
    )
    if theta_is_partial:
        how += " A part of queries and keys is not turned, and adds the same at every distance."
    if strongest.empty:
        return f"{how} No wave moves this pair."
    listed = "; ".join(
        f"in head {row.head} it has a period of {row.period:,.3g} tokens ({row.share:.0%} of all "
        "amplitudes)"
        for row in strongest.head(MAX_NAMED).itertuples()
    )
    more = f"; the other {len(strongest) - MAX_NAMED} are in the chart"
    return f"The strongest wave: {listed}{more if len(strongest) > MAX_NAMED else ''}. {how}"
