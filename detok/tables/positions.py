"""The tables of the positional bias."""

import pandas as pd

from detok.model.layer import Layer
from detok.scores.over_texts import MeanAttention
from detok.scores.positions import PositionBias
from detok.tables.common import by_head_and_position

ZOOM = 32  # last positions that the zoom shows
# Points drawn a head where all heads are side by side.
MAX_POINTS = 256


def curves(bias: PositionBias, with_layernorm: bool) -> pd.DataFrame:
    """T^p, T^pp and their sum over all positions j in every head, unscaled.

    Columns: head, j, p, pp, total; with LayerNorm also p_low, p_high (a standard deviation around
    the mean), p_min, p_max, pp_sigma_min, pp_sigma_max.
    """
    if with_layernorm:
        values = {
            "p": bias.p,
            "pp": bias.pp,
            "total": bias.total,
            "p_low": bias.p - bias.p_std,
            "p_high": bias.p + bias.p_std,
            "p_min": bias.p_min,
            "p_max": bias.p_max,
            "pp_sigma_min": bias.pp_sigma_min,
            "pp_sigma_max": bias.pp_sigma_max,
        }
    else:
        values = {"p": bias.raw_p, "pp": bias.raw_pp, "total": bias.raw_total}
    return by_head_and_position(values)


def attention(
    bias: PositionBias, with_layernorm: bool, measured: MeanAttention | None
) -> pd.DataFrame:
    """The position-only attention of i to every j ≤ i, and the measured one, in every head.

    Columns: head, j, expected, and with texts also mean, low, high (a standard deviation over the
    texts around the mean, cut at 0 and 1).
    """
    values = {"expected": bias.attention if with_layernorm else bias.raw_attention}
    if measured is not None:
        values["mean"] = measured.mean
        values["low"] = (measured.mean - measured.std).clamp(min=0)
        values["high"] = (measured.mean + measured.std).clamp(max=1)
    return by_head_and_position(values)


def drawn(table: pd.DataFrame, layer: Layer, i: int, head: int | None, ends: bool) -> pd.DataFrame:
    """The rows that a chart shows: of one head, or thinned evenly where all are side by side.

    Without `ends`, position 0 and the last one are left out, unless nothing else is there. i and
    the positions just before it always stay.
    """
    last = layer.n_positions - 1
    j = table["j"]
    kept = pd.Series(True, index=table.index) if ends else (j > 0) & (j < last)
    if not kept.any():
        kept[:] = True
    if head is None:
        kept &= (j % thinning(layer) == 0) | ((j <= i) & (j > i - ZOOM)) | (j == last)
    else:
        kept &= table["head"] == head
    return table[kept]


def thinning(layer: Layer) -> int:
    """Every how many positions one is drawn where all heads are side by side."""
    return -(-layer.n_positions // MAX_POINTS)


def quarters(layer: Layer) -> list[int]:
    """The positions whose attention the summary shows beside that of i."""
    return [n * layer.n_positions // 4 for n in (1, 2, 3)]
