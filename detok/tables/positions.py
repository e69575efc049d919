"""The tables of the positional bias."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer
from detok.scores.mean_attention import MeanAttention
from detok.scores.positions import PositionBias, level, nearest
from detok.tables.common import array, first, long

ZOOM = 32  # positions close to i that the zoom shows
# Points drawn a head where all heads are side by side.
MAX_POINTS = 256
NEAR = 5  # positions close to i whose attention is said


def by_head_and_position(values: dict[str, torch.Tensor]) -> pd.DataFrame:
    """Tensors (H, n) as a long table. Columns: head, j, and the names of the tensors."""
    H, n = next(iter(values.values())).shape
    columns = {name: array(tensor) for name, tensor in values.items()}
    return long({"head": range(H), "j": range(n)}, **columns)


def curves(bias: PositionBias) -> pd.DataFrame:
    """Tᵖ, Tᵖᵖ and their sum over all positions j in every head, unscaled.

    Columns: head, j, p, pp, total; with LayerNorm also p_low, p_high (a standard deviation over the
    tokens at j around the mean), p_min, p_max, the same of pp, pp_sigma_min, pp_sigma_max.
    """
    values = {"p": bias.p, "pp": bias.pp, "total": bias.total}
    if bias.p_std is not None:
        values |= {
            "p_low": bias.p - bias.p_std,
            "p_high": bias.p + bias.p_std,
            "p_min": bias.p_min,
            "p_max": bias.p_max,
            "pp_low": bias.pp - bias.pp_std,
            "pp_high": bias.pp + bias.pp_std,
            "pp_min": bias.pp_min,
            "pp_max": bias.pp_max,
            "pp_sigma_min": bias.pp_sigma_min,
            "pp_sigma_max": bias.pp_sigma_max,
        }
    return by_head_and_position(values)


def attention(bias: PositionBias, measured: MeanAttention | None) -> pd.DataFrame:
    """The position-only attention of i to every j it sees, and the measured one, in every head.

    Columns: head, j, expected, and with texts also mean, low, high (a standard deviation over the
    texts around the mean, cut at 0 and 1).
    """
    values = {"expected": bias.attention}
    if measured is not None:
        values["mean"] = measured.mean
        values["low"] = (measured.mean - measured.std).clamp(min=0)
        values["high"] = (measured.mean + measured.std).clamp(max=1)
    return by_head_and_position(values)


def drawn(table: pd.DataFrame, layer: Layer, i: int, head: int | None, ends: bool) -> pd.DataFrame:
    """The rows that a chart shows: of one head, or thinned evenly where all are side by side.

    Without `ends`, those of `left_out` are. The positions close to i that it sees stay.
    """
    last = layer.n_positions - 1
    j = table["j"]
    kept = pd.Series(True, index=table.index) if ends else ~j.isin(left_out(j.unique(), last))
    if head is None:
        close = nearest(i, ZOOM, layer.n_visible(i))
        kept &= (j % thinning(layer) == 0) | j.isin(close) | (j == last)
    else:
        kept &= table["head"] == head
    return table[kept]


def left_out(j: Iterable[int], last: int) -> list[int]:
    """Position 0 and the last one of the model, of those in j, unless nothing else is there."""
    present = {int(each) for each in j}
    return sorted(present & {0, last}) if present - {0, last} else []


def thinning(layer: Layer) -> int:
    """Every how many positions one is drawn where all heads are side by side."""
    return -(-layer.n_positions // MAX_POINTS)


def quarters(layer: Layer) -> list[int]:
    """The positions whose attention the summary shows beside that of i."""
    return [n * layer.n_positions // 4 for n in (1, 2, 3)]


@dataclass(frozen=True)
class Shapes:
    """How Tᵖ, Tᵖᵖ and their sum lie over the positions, in numbers a sentence can say."""

    i: int
    seen: range  # the positions that i sees, but for 0 if there is another
    last: int  # L − 1
    is_causal: bool
    has_bands: bool  # with LayerNorm
    heads: pd.DataFrame  # one row a head: the columns of `shapes`
    median: pd.Series  # of each column over the heads; of period over those with a wave
    all_close: bool  # whether all of `seen` are at most ZOOM from i


def shapes(bias: PositionBias, summary: pd.DataFrame) -> Shapes:
    """The shapes of the curves of one i; `summary` is `detok.position_summary` of the same.

    Columns of `heads`: those of `summary`; is_wave, whether the strongest frequency of Tᵖᵖ repeats
    within the positions that it was looked for in: a slope or a bend has the lowest one; p_span and
    pp_span (largest less smallest) over `seen`; pp_back and total_back, how far before i each is
    largest among these (less than 0: after it; NaN where all are equal); p_first, p_last and so on,
    the values at both ends; and with LayerNorm scale_max and scale_min, by what σ_i at its largest
    and smallest multiplies Tᵖᵖ (NaN where this is 0).
    """
    curves = {"p": bias.p, "pp": bias.pp, "total": bias.total}  # (H, L) each
    L, n_visible = bias.p.shape[1], bias.attention.shape[1]
    seen = range(min(1, n_visible - 1), n_visible)
    parts = {name: array(curve)[:, seen.start : seen.stop] for name, curve in curves.items()}
    spans = {name: np.where(level(part), 0, np.ptp(part, axis=1)) for name, part in parts.items()}
    columns = {"is_wave": summary["period"] < L - 2 - 1e-9}
    columns |= {f"{name}_span": spans[name] for name in ("p", "pp")}
    columns |= {
        f"{name}_back": np.where(
            spans[name] > 0, bias.i - seen.start - parts[name].argmax(axis=1), np.nan
        )
        for name in ("pp", "total")
    }
    for name, curve in curves.items():
        columns |= {f"{name}_first": array(curve[:, 0]), f"{name}_last": array(curve[:, -1])}
    has_bands = bias.p_std is not None
    if has_bands:
        columns["scale_max"] = array((bias.pp_sigma_max / bias.pp).nanmedian(dim=1).values)
        columns["scale_min"] = array((bias.pp_sigma_min / bias.pp).nanmedian(dim=1).values)
    heads = summary.assign(**columns)
    median = heads.median()
    median["period"] = heads.loc[heads["is_wave"], "period"].median()
    return Shapes(
        i=bias.i,
        seen=seen,
        last=L - 1,
        is_causal=bias.is_causal,
        has_bands=has_bands,
        heads=heads,
        median=median,
        all_close=max(bias.i - seen.start, seen.stop - 1 - bias.i) <= ZOOM,
    )


def masses(attention: pd.DataFrame, i: int) -> pd.Series:
    """How much of `attention` goes where, on average over its heads.

    n_heads; last_expected and first_expected, the sum over the NEAR positions nearest to i and over
    position 0, last_even and first_even, what they would be if all j had the same; n_close, how
    many are close, and n_after, how many of them are after i; and with texts last_mean, first_mean
    and overlap (the smaller of the two curves, summed).
    """
    n_heads, n_visible = attention["head"].nunique(), attention["j"].nunique()
    near = nearest(i, NEAR, n_visible)
    weights = {
        name: attention[name].to_numpy().reshape(n_heads, n_visible)
        for name in attention.columns.intersection(["expected", "mean"])
    }
    row = {
        "n_heads": n_heads,
        "n_close": len(near),
        "n_after": near[-1] - i,
        "last_even": len(near) / n_visible,
        "first_even": 1 / n_visible,
    }
    for name, of_name in weights.items():
        row[f"last_{name}"] = of_name[:, near].sum() / n_heads
        row[f"first_{name}"] = of_name[:, 0].mean()
    if "mean" in weights:
        row["overlap"] = np.minimum(weights["expected"], weights["mean"]).sum() / n_heads
    return pd.Series(row)


def close(attention: pd.DataFrame, i: int) -> pd.DataFrame:
    """The rows of `attention` of the ZOOM positions nearest to i that it sees, or all of these."""
    return attention[attention["j"].isin(nearest(i, ZOOM, attention["j"].nunique()))]


def over_heads(attention: pd.DataFrame) -> pd.DataFrame:
    """`attention` on average over its heads, one row a position j. Columns: j, expected, mean."""
    return attention.groupby("j", as_index=False).mean().drop(columns="head")


def peaks(over_heads: pd.DataFrame, i: int) -> pd.DataFrame:
    """Where each curve of `over_heads` is largest, if one position is.

    Columns: curve (expected or mean), back (how far before i; NaN where several are), weight.
    """
    rows = []
    for curve in over_heads.columns.intersection(["expected", "mean"]):
        best = first(over_heads[["j", curve]], curve)
        j, weight = best.iloc[0]
        rows.append((curve, i - j if len(best) == 1 else np.nan, weight))
    return pd.DataFrame(rows, columns=["curve", "back", "weight"])


def nearest_and_first(summary: pd.DataFrame, i: int) -> dict[str, pd.DataFrame]:
    """The heads of `detok.position_summary` that give most to the NEAR positions, and to 0.

    Columns: head, mass.
    """
    near = f"mass_last_{NEAR}_at_{i}"
    near = near if near in summary else f"mass_nearest_{NEAR}_at_{i}"
    columns = {"nearest": near, "first": f"mass_first_at_{i}"}
    return {
        name: first(summary, column)[["head", column]].set_axis(["head", "mass"], axis=1)
        for name, column in columns.items()
    }
