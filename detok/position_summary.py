"""The positional bias of each head in numbers: its slope, its period, and how far it looks (§5)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from detok.layer import Layer
from detok.positions import position_bias, rise_share

REACHES = (1, 5, 16)  # numbers of last positions


def position_summary(layer: Layer, i: int, others: Sequence[int] = ()) -> pd.DataFrame:
    """The positional bias in numbers, one row a head.

    Columns: head; slope_per_100 (of T^p, unscaled, per 100 positions) and r2 of its least-squares
    line over the positions 1 … L − 2; rise_share (of all steps of T^p); period (in positions) and
    period_share (of the power) of the strongest frequency of T^pp_ij over j = 1 … L − 2, its mean
    removed; and for i and every other position m: mass_last_1_at_m, mass_last_5_at_m,
    mass_last_16_at_m and mass_first_at_m, the position-only attention to the last so many
    positions, m itself among them, and to position 0. NaN where a model is too short for a number.

    Raises: InputError for a position that the model does not have.
    """
    bias = position_bias(layer, i)
    slope, r2 = lines(inner(bias.p))
    period, share = periods(inner(bias.pp))
    columns = {
        "head": np.arange(layer.n_heads),
        "slope_per_100": 100 * slope,
        "r2": r2,
        "rise_share": rise_share(layer).cpu().numpy(),
        "period": period,
        "period_share": share,
    }
    for m in dict.fromkeys([i, *others]):
        attention = position_bias(layer, m).attention.double().cpu().numpy()  # (H, m + 1)
        for reach in REACHES:
            columns[f"mass_last_{reach}_at_{m}"] = attention[:, -reach:].sum(axis=1)
        columns[f"mass_first_at_{m}"] = attention[:, 0]
    return pd.DataFrame(columns)


def inner(rows: torch.Tensor) -> np.ndarray:
    """Without position 0 and the last, which are unlike all others."""
    return rows[:, 1:-1].double().cpu().numpy()  # (H, L - 2)


def lines(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope per step and R² of the least-squares line through each row: (H,) each."""
    n = rows.shape[1]
    if n < 2:
        return np.full((2, len(rows)), np.nan)
    x = np.arange(n) - (n - 1) / 2  # (n,)
    y = rows - rows.mean(axis=1, keepdims=True)  # (H, n)
    slope = y @ x / (x @ x)  # (H,)
    with np.errstate(invalid="ignore"):
        return slope, slope**2 * (x @ x) / (y**2).sum(axis=1)


def periods(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Period of each row's strongest frequency, and its share of the row's power: (H,) each."""
    n = rows.shape[1]
    if n < 2:
        return np.full((2, len(rows)), np.nan)
    power = np.abs(np.fft.rfft(rows - rows.mean(axis=1, keepdims=True), axis=1)) ** 2
    # Both signs of a frequency count; 0 has only one, and so has half the sampling rate.
    power[:, 1 : (n + 1) // 2] *= 2
    power[:, 0] = 0  # what rounding left of the mean
    strongest = power.argmax(axis=1)  # (H,)
    total = power.sum(axis=1)  # (H,)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = power.max(axis=1) / total
        period = np.where(total > 0, n / strongest, np.nan)
    return period, share
