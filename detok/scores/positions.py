"""What the first layer does with positions alone: a bias toward close tokens (§5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.model.inputs import check_position
from detok.model.layer import Layer

REACHES = (1, 5, 16)  # numbers of last positions


@dataclass(frozen=True, eq=False)
class PositionBias:
    """The position terms of one current position i in every head (Eq. 17), unscaled.

    They are given for all L past positions j, also those beyond i, which only the two attentions
    mask. `raw` is without LayerNorm: the same products, divided by no σ.
    """

    i: int
    p: torch.Tensor  # (H, L), T^p_j: mean over all tokens of the vocabulary at position j
    p_std: torch.Tensor  # (H, L), its standard deviation over those tokens
    p_min: torch.Tensor  # (H, L)
    p_max: torch.Tensor  # (H, L)
    pp: torch.Tensor  # (H, L), T^pp_ij: σ_i at its mean, averaged over the tokens at j
    pp_sigma_min: torch.Tensor  # (H, L), σ_i at its minimum over all tokens
    pp_sigma_max: torch.Tensor  # (H, L), σ_i at its maximum
    raw_p: torch.Tensor  # (H, L), b^QK p_jᵀ
    raw_pp: torch.Tensor  # (H, L), p_i W^QK p_jᵀ
    d_head: int

    @property
    def total(self) -> torch.Tensor:
        """T^p_j + T^pp_ij at their means, shape (H, L), unscaled."""
        return self.p + self.pp

    @property
    def raw_total(self) -> torch.Tensor:
        """The sum without LayerNorm, shape (H, L), unscaled."""
        return self.raw_p + self.raw_pp

    @property
    def attention(self) -> torch.Tensor:
        """Causal softmax of the sum over √d', shape (H, i + 1): each row sums to 1 (§5.3)."""
        return self._softmax(self.total)

    @property
    def raw_attention(self) -> torch.Tensor:
        """Causal softmax of the sum without LayerNorm over √d', shape (H, i + 1)."""
        return self._softmax(self.raw_total)

    def _softmax(self, scores: torch.Tensor) -> torch.Tensor:
        return (scores[:, : self.i + 1] / self.d_head**0.5).softmax(dim=-1)


@torch.inference_mode()
def position_bias(layer: Layer, i: int) -> PositionBias:
    """What position i gives to every past position j, whatever the tokens, in all heads (§5.1–5.3).

    T^p_j has a band over all tokens of the vocabulary at j; T^pp_ij is averaged over the tokens at
    j, with σ_i at its mean, minimum and maximum. All are exact: a term depends on the token at j
    only through 1/σ_j, whose moments the layer holds.

    Raises: InputError if i is no position of the model.
    """
    check_position(layer, i)
    moments = layer.moments
    raw_p = (layer.K_pos @ layer.b_Q[:, :, None])[:, :, 0]  # (H, L)
    raw_pp = (layer.K_pos @ layer.Q_pos[:, i, :, None])[:, :, 0]  # (H, L)
    # Which of the two is the smaller depends on the sign of the product.
    ends = raw_p / moments.position_max, raw_p / moments.position_min  # (H, L)
    pp = raw_pp * moments.inverse_mean  # (H, L), still to be divided by σ_i
    return PositionBias(
        i=i,
        p=raw_p * moments.inverse_mean,
        p_std=raw_p.abs() * moments.inverse_std,
        p_min=torch.minimum(*ends),
        p_max=torch.maximum(*ends),
        pp=pp / moments.position_mean[i],
        pp_sigma_min=pp / moments.position_min[i],
        pp_sigma_max=pp / moments.position_max[i],
        raw_p=raw_p,
        raw_pp=raw_pp,
        d_head=layer.d_head,
    )


@torch.inference_mode()
def raw_comparison(layer: Layer, positions: Sequence[int]) -> torch.Tensor:
    """p_i W^QK p_jᵀ, T^pp without LayerNorm, of some i with all j: (H, len(positions), L) (Fig. 7).

    Raises: InputError for a position that the model does not have.
    """
    for i in positions:
        check_position(layer, i)
    return layer.Q_pos[:, list(positions)] @ layer.K_pos.mT


@torch.inference_mode()
def self_assertion(layer: Layer) -> torch.Tensor:
    """T^p of every position j, the bias it gets from every query: shape (H, L), unscaled (Eq. 17).

    1/σ of each position is its mean over all tokens of the vocabulary.
    """
    raw = (layer.K_pos @ layer.b_Q[:, :, None])[:, :, 0]  # (H, L)
    return raw * layer.moments.inverse_mean


@torch.inference_mode()
def rise_share(layer: Layer) -> torch.Tensor:
    """The share of all L − 1 steps from j to j + 1 at which T^p rises, shape (H,), float64."""
    return (self_assertion(layer).diff(dim=1) > 0).double().mean(dim=1)


def position_only_attention(layer: Layer, i: int) -> torch.Tensor:
    """The attention that position i would pay if tokens did not matter, to see its reach (§5.3).

    Causal softmax of (T^p_j + T^pp_ij) / √d' over j ≤ i, shape (H, i + 1), each row summing to 1.
    1/σ_j and σ_i are at their means over all tokens of the vocabulary.

    Raises: InputError if i is no position of the model.
    """
    return position_bias(layer, i).attention


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
