"""T^e of every token, and how a measure of tokens goes with their frequency (§6.2, §6.3)."""

import numpy as np
import torch

from detok.model.layer import Layer
from detok.scores.positions import ROUNDING

# Of the trend over token counts, and the fewest points in one of them.
BINS_A_DECADE, LEAST = 6, 15


@torch.inference_mode()
def self_assertion(layer: Layer) -> torch.Tensor:
    """T^e of every token in every head, (H, V), unscaled: how much attention it asks for (Eq. 17).

    b^QK e_jᵀ / σ_j, with σ of each token at its mean over all positions, as in Figs. 5 and 11.
    """
    raw = (layer.K_E @ layer.b_Q[:, :, None])[:, :, 0]  # (H, V)
    return raw / layer.moments.token_mean


def distance_from_trend(count: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The trend of y over positive counts, and the distances from it in robust units: both (n,).

    The trend joins the medians of y in bins of equal width in log count, BINS_A_DECADE of them, a
    bin with fewer than LEAST points being joined to its neighbour. The unit is 1.4826 times the
    median of the absolute distances, on normal distances their standard deviation; if half or more
    lie on the trend, but for rounding, all distances are given as 0.
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
    has_unit = unit > ROUNDING * np.abs(y).max()
    return trend, away / unit if has_unit else np.zeros(len(y))
