"""The tables of what a rotary model gives to distances, whatever the tokens."""

import pandas as pd
import torch

from detok.scores.distance_bias import DistanceBias
from detok.scores.mean_attention import MeanAttention
from detok.tables.common import array, long

NEAR = 5  # distances from 0 on whose attention is said


def curves(bias: DistanceBias) -> pd.DataFrame:
    """The mean of each term over distances in every head, unscaled.

    Columns: head, distance, term, mean, low, high (a standard deviation over the pairs around it).
    """
    names, distances = bias.mean.names, bias.distances
    mean = torch.stack([getattr(bias.mean, name).at(distances) for name in names])  # (terms, H, n)
    nothing = torch.zeros_like(mean[0])  # the spread of T^bb
    std = torch.stack([bias.std.get(name, nothing) for name in names])  # (terms, H, n)
    axes = {"term": names, "head": range(mean.shape[1]), "distance": distances}
    values = {"mean": mean, "low": mean - std, "high": mean + std}
    table = long(axes, **{name: array(tensor) for name, tensor in values.items()})
    return table[["head", "distance", "term", *values]]


def largest(curves: pd.DataFrame) -> pd.DataFrame:
    """Where the mean of each term is largest, in every head of `curves`.

    Columns: head, term, distance, mean (there), span (its largest less its smallest).
    """
    means = curves.groupby(["head", "term"], sort=False)["mean"]
    best = curves.loc[means.idxmax(), ["head", "term", "distance", "mean"]]
    return best.assign(span=(means.max() - means.min()).to_numpy()).reset_index(drop=True)


def attention(bias: DistanceBias, measured: MeanAttention | None, n: int) -> pd.DataFrame:
    """The attention that follows from the means to the last n tokens, and the measured one.

    Columns: head, distance, expected, and with texts also mean, low, high (a standard deviation
    over the texts around the mean, cut at 0 and 1).
    """
    values = {"expected": bias.attention(n)}
    if measured is not None:
        mean, std = (part.flip(1)[:, :n] for part in (measured.mean, measured.std))  # (H, n)
        values |= {
            "mean": mean,
            "low": (mean - std).clamp(min=0),
            "high": (mean + std).clamp(max=1),
        }
    axes = {"head": range(len(values["expected"])), "distance": range(n)}
    return long(axes, **{name: array(tensor) for name, tensor in values.items()})


def masses(attention: pd.DataFrame) -> pd.Series:
    """How much of `attention` goes to the nearest distances, on average over its heads.

    n_heads; n_near, the distances that are near; near_expected, near_even (were all alike), and
    with texts near_mean and overlap (the smaller of the two curves, summed).
    """
    n_heads, n = attention["head"].nunique(), attention["distance"].nunique()
    near = attention[attention["distance"] < NEAR]
    row = {"n_heads": n_heads, "n_near": min(NEAR, n), "near_even": min(NEAR, n) / n}
    for name in attention.columns.intersection(["expected", "mean"]):
        row[f"near_{name}"] = near[name].sum() / n_heads
    if "mean" in attention:
        row["overlap"] = attention[["expected", "mean"]].min(axis=1).sum() / n_heads
    return pd.Series(row)
