"""The tables of how the score of a pair of tokens depends on their distance."""

import numpy as np
import pandas as pd

from detok.scores.distance_bias import DistanceBias
from detok.scores.distance_curve import DistanceCurve, Waves
from detok.tables.common import array, first, long


def curve(found: DistanceCurve, bias: DistanceBias, heads: list[int], term: str) -> pd.DataFrame:
    """A term of a pair over the distances of `bias`, or "total", beside pairs of random tokens.

    `found` is of these `heads`. Columns: head, distance, score, mean (over random pairs), largest
    (whether the score is largest here, in its head), and of a single term also low and high (a
    standard deviation below and above the mean); unscaled.
    """
    at = bias.distances
    values = {"score": waves(found, term).at(at), "mean": waves(bias.mean, term).at(at)[heads]}
    std = bias.std.get("ee" if found.names == ("ee",) else term)
    if std is not None:
        values["low"], values["high"] = (values["mean"] + sign * std[heads] for sign in (-1, 1))
    table = long(
        {"head": heads, "distance": at}, **{name: array(each) for name, each in values.items()}
    )
    best = [row for _, own in table.groupby("head") for row in first(own, "score").index]
    return table.assign(largest=table.index.isin(best))


def waves(found: DistanceCurve, term: str) -> Waves:
    """Those of a term, or of the whole score as "total"."""
    return getattr(found, term)


def peaks(curve: pd.DataFrame) -> pd.DataFrame:
    """Where each head's curve is largest: its columns of there, the nearest if there are several.

    Another column, n: the distances at which it is as large.
    """
    best = curve[curve["largest"]]
    n = best.groupby("head")["distance"].transform("size")
    return best.assign(n=n).drop_duplicates("head").reset_index(drop=True)


def spectrum(found: DistanceCurve, bias: DistanceBias, heads: list[int]) -> pd.DataFrame:
    """How far each frequency moves Tᵉᵉ of a pair up and down, by head; the shortest period first.

    Columns: head, period (in tokens), amplitude (unscaled), share (of all amplitudes of the head),
    usual (root mean square of the amplitude over random pairs).
    """
    amplitude = array(found.ee.amplitude)  # (heads, M)
    usual = array(bias.amplitude)[heads]
    total = amplitude.sum(axis=1, keepdims=True)
    share = np.divide(amplitude, total, out=np.zeros_like(amplitude), where=total > 0)
    axes = {"head": heads, "period": found.ee.period.tolist()}
    table = long(axes, amplitude=amplitude, share=share, usual=usual)
    return table.sort_values(["head", "period"], kind="stable", ignore_index=True)


def strongest(spectrum: pd.DataFrame) -> pd.DataFrame:
    """The row of each head's largest amplitude in `spectrum`, but for heads that have none."""
    rows = spectrum.loc[spectrum.groupby("head")["amplitude"].idxmax()]
    return rows[rows["amplitude"] > 0].reset_index(drop=True)
