"""What the first layer does with positions alone: a bias toward close tokens (§5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.display import Displayed
from detok.model.inputs import check_position
from detok.model.layer import Layer
from detok.model.layernorm import Moments

REACHES = (1, 5, 16)  # numbers of positions close to i
# Equal products differ by so much of their size in float32.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class PositionBias(
    Displayed,
    then=("bias.total", "bias.attention", "detok.draw.position_bias(layer, bias, head=0)"),
):
    """The position terms of one current position i in every head (Eq. 17), unscaled.

    They are given for all L positions j, also those that i does not see: only `attention` leaves
    these out.
    Without LayerNorm they are the same products, divided by no σ, and what σ spreads is None.
    """

    i: int
    p: torch.Tensor  # (H, L), T^p_j: mean over all tokens of the vocabulary at position j
    p_std: torch.Tensor | None = None  # (H, L), its standard deviation over those tokens
    p_min: torch.Tensor | None = None  # (H, L)
    p_max: torch.Tensor | None = None  # (H, L)
    pp: torch.Tensor  # (H, L), T^pp_ij: σ_i at its mean, averaged over the tokens at j
    pp_std: torch.Tensor | None = None  # (H, L), over the tokens at j, σ_i at its mean
    pp_min: torch.Tensor | None = None  # (H, L)
    pp_max: torch.Tensor | None = None  # (H, L)
    pp_sigma_min: torch.Tensor | None = None  # (H, L), σ_i at its minimum over all tokens
    pp_sigma_max: torch.Tensor | None = None  # (H, L), σ_i at its maximum
    scale: float  # what softmax divides them by
    is_causal: bool  # whether i sees only itself and those before it

    @property
    def total(self) -> torch.Tensor:
        """T^p_j + T^pp_ij at their means, shape (H, L), unscaled."""
        return self.p + self.pp

    @property
    def attention(self) -> torch.Tensor:
        """Softmax of the scaled sum over what i sees: (H, i + 1), or (H, L) (§5.3)."""
        total = self.total[:, : self.i + 1] if self.is_causal else self.total
        return (total / self.scale).softmax(dim=-1)


@torch.inference_mode()
def position_bias(layer: Layer, i: int, *, layernorm: bool = True) -> PositionBias:
    """What position i gives to every position j, whatever the tokens, in all heads (§5.1–5.3).

    Both have a band over all tokens of the vocabulary at j: T^pp_ij with σ_i at its mean, and its
    average also with σ_i at its minimum and maximum. All are exact: a term depends on the token at
    j only through 1/σ_j, whose moments the layer holds. Without `layernorm` they are b^QK p_jᵀ and
    p_i W^QK p_jᵀ as they are (Fig. 7).

    Raises: InputError if i is no position of the model.
    """
    check_position(layer, i)
    p = (layer.K_pos @ layer.b_Q[:, :, None])[:, :, 0]  # (H, L)
    pp = (layer.K_pos @ layer.Q_pos[:, i, :, None])[:, :, 0]  # (H, L)
    if not layernorm:
        return PositionBias(i=i, p=p, pp=pp, scale=layer.scale, is_causal=layer.is_causal)
    moments = layer.moments
    over_j = pp * moments.inverse_mean  # (H, L), still to be divided by σ_i
    return PositionBias(
        i=i,
        **_over_tokens("p", p, moments),
        **_over_tokens("pp", pp / moments.position_mean[i], moments),
        pp_sigma_min=over_j / moments.position_min[i],
        pp_sigma_max=over_j / moments.position_max[i],
        scale=layer.scale,
        is_causal=layer.is_causal,
    )


def _over_tokens(name: str, product: torch.Tensor, moments: Moments) -> dict[str, torch.Tensor]:
    """Products (H, L) divided by σ_j: mean, spread and ends over all tokens at j."""
    # Which of the two is the smaller depends on the sign of the product.
    ends = product / moments.position_max, product / moments.position_min  # (H, L)
    return {
        name: product * moments.inverse_mean,
        f"{name}_std": product.abs() * moments.inverse_std,
        f"{name}_min": torch.minimum(*ends),
        f"{name}_max": torch.maximum(*ends),
    }


def nearest(i: int, n: int, n_visible: int) -> range:
    """The n positions closest to i of the first so many, which it sees; all if these are fewer.

    Where i sees nothing after itself they are the last ones.
    """
    start = max(0, min(i - n // 2, n_visible - n))
    return range(start, min(start + n, n_visible))


def rise_share(p: torch.Tensor) -> torch.Tensor:
    """The share of all L − 1 steps from j to j + 1 at which T^p (H, L) rises, (H,) on the CPU."""
    rises = (p.diff(dim=1) > 0).cpu().double().mean(dim=1)
    rises[torch.from_numpy(level(p.cpu().double().numpy()))] = 0
    return rises


def position_summary(
    layer: Layer, i: int, others: Sequence[int] = (), *, layernorm: bool = True
) -> pd.DataFrame:
    """The positional bias in numbers, one row a head.

    Columns: head; slope_per_100 (of T^p, unscaled, per 100 positions) and r2 of its least-squares
    line over the positions 1 … L − 2; rise_share (of all steps of T^p); period (in positions) and
    period_share (of the power) of the strongest frequency of T^pp_ij over j = 1 … L − 2, its mean
    removed; and for i and every other position m: mass_last_1_at_m, mass_last_5_at_m,
    mass_last_16_at_m and mass_first_at_m, the position-only attention to the last so many
    positions, m itself among them, and to position 0. Where m sees what comes after it, too, they
    are the positions `nearest` to it and the columns mass_nearest_1_at_m and so on. NaN where a
    model is too short for a number, or a term is the same at all of these positions.
    `position_bias` explains `layernorm`.

    Raises: InputError for a position that the model does not have.
    """
    bias = position_bias(layer, i, layernorm=layernorm)
    slope, r2 = _lines(_inner(bias.p))
    period, share = _periods(_inner(bias.pp))
    columns = {
        "head": np.arange(layer.n_heads),
        "slope_per_100": 100 * slope,
        "r2": r2,
        "rise_share": rise_share(bias.p).numpy(),
        "period": period,
        "period_share": share,
    }
    for m in dict.fromkeys([i, *others]):
        attention = position_bias(layer, m, layernorm=layernorm).attention
        columns |= masses(attention, m, is_causal=layer.is_causal)
    return pd.DataFrame(columns)


def masses(attention: torch.Tensor, m: int, *, is_causal: bool) -> dict[str, np.ndarray]:
    """How much of the attention (H, n) of position m goes near and to position 0, (H,) each.

    By the names of the columns of `position_summary`.
    """
    weights = attention.cpu().double().numpy()  # (H, m + 1), or (H, L)
    columns = {}
    for reach in REACHES:
        close = nearest(m, reach, weights.shape[1])
        mass = weights[:, close.start : close.stop].sum(axis=1)
        columns[f"mass_{'last' if is_causal else 'nearest'}_{reach}_at_{m}"] = mass
    return columns | {f"mass_first_at_{m}": weights[:, 0]}


def _inner(rows: torch.Tensor) -> np.ndarray:
    """Without position 0 and the last, which are unlike all others."""
    return rows[:, 1:-1].cpu().double().numpy()  # (H, L - 2)


def level(rows: np.ndarray) -> np.ndarray:
    """Which rows (H, n) vary by no more than rounding: (H,)."""
    return np.ptp(rows, axis=1) <= ROUNDING * np.abs(rows).max(axis=1)


def _lines(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope per step and R² of the least-squares line through each row: (H,) each."""
    n = rows.shape[1]
    if n < 2:
        return np.full((2, len(rows)), np.nan)
    x = np.arange(n) - (n - 1) / 2  # (n,)
    y = rows - rows.mean(axis=1, keepdims=True)  # (H, n)
    y[level(rows)] = 0
    slope = y @ x / (x @ x)  # (H,)
    with np.errstate(invalid="ignore"):
        return slope, slope**2 * (x @ x) / (y**2).sum(axis=1)


def _periods(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Period of each row's strongest frequency, and its share of the row's power: (H,) each."""
    n = rows.shape[1]
    if n < 2:
        return np.full((2, len(rows)), np.nan)
    power = np.abs(np.fft.rfft(rows - rows.mean(axis=1, keepdims=True), axis=1)) ** 2
    power[level(rows)] = 0
    # Both signs of a frequency count; 0 has only one, and so has half the sampling rate.
    power[:, 1 : (n + 1) // 2] *= 2
    power[:, 0] = 0  # what rounding left of the mean
    strongest = power.argmax(axis=1)  # (H,)
    total = power.sum(axis=1)  # (H,)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = power.max(axis=1) / total
        period = np.where(total > 0, n / strongest, np.nan)
    return period, share
