"""T^e of every token, and how a measure of tokens goes with their frequency (§6.2, §6.3)."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer

# Of the trend over token counts, and the fewest points in one of them.
BINS_A_DECADE, LEAST = 6, 15
# A p-value below this is stated as smaller than it.
SMALLEST_P = 1e-300


@dataclass(frozen=True)
class Spearman:
    """Spearman's ρ of n pairs and the two-sided p-value of the hypothesis that it is 0."""

    rho: float
    p: float
    n: int

    @property
    def p_shown(self) -> str:
        """The p-value as it is to be put after "p": never "= 0"."""
        return f"< {SMALLEST_P:g}" if self.p < SMALLEST_P else f"= {self.p:.2g}"

    def __str__(self) -> str:
        return f"ρ = {self.rho:+.2f} (p {self.p_shown})"


def spearman(x: np.ndarray | pd.Series, y: np.ndarray | pd.Series) -> Spearman:
    """Spearman's rank correlation, ties at their mean rank; NaN if one of them does not vary.

    The p-value is that of Student's t with n − 2 degrees of freedom, as SciPy's.
    """
    # Imported here: only this needs it.
    from scipy.special import betainc

    ranks = [pd.Series(np.asarray(values)).rank() for values in (x, y)]
    n = len(ranks[0])
    rho = float(ranks[0].corr(ranks[1])) if n > 1 else math.nan
    if math.isnan(rho) or n < 3:
        return Spearman(rho, math.nan, n)
    rho = max(-1.0, min(1.0, rho))
    # Two-sided: the tail of t² = ρ² (n − 2) / (1 − ρ²) is I of x = 1 − ρ².
    return Spearman(rho, float(betainc((n - 2) / 2, 0.5, (1 - rho) * (1 + rho))), n)


def distance_from_trend(count: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trend of y over positive counts, and the distances from it in robust units: both (n,).

    The trend joins the medians of y in bins of equal width in log count, BINS_A_DECADE of them, a
    bin with fewer than LEAST points being joined to its neighbour. The unit is 1.4826 times the
    median of the absolute distances, on normal distances their standard deviation; if more than
    half lie on the trend, all distances are given as 0.
    """
    if not len(y):
        return np.zeros(0), np.zeros(0)
    place = np.log10(count)
    order = np.argsort(place, kind="stable")
    group = np.floor(place[order] * BINS_A_DECADE)
    starts = [0]
    for start in np.flatnonzero(np.diff(group)) + 1:
        if start - starts[-1] >= LEAST and len(y) - start >= LEAST:
            starts.append(int(start))
    parts = np.split(order, starts[1:])
    medians = np.array([[np.median(place[part]), np.median(y[part])] for part in parts]).T
    trend = np.interp(place, *medians)
    away = y - trend
    unit = 1.4826 * np.median(np.abs(away))
    return trend, away / unit if unit else np.zeros(len(y))


@torch.inference_mode()
def self_assertion(layer: Layer) -> torch.Tensor:
    """T^e of every token in every head, (H, V), unscaled: how much attention it asks for (Eq. 17).

    b^QK e_jᵀ / σ_j, with σ of each token at its mean over all positions, as in Figs. 5 and 11.
    """
    raw = (layer.K_E @ layer.b_Q[:, :, None])[:, :, 0]  # (H, V)
    return raw / layer.moments.token_mean
