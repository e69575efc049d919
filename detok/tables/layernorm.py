"""The tables of LayerNorm."""

import numpy as np
import pandas as pd

from detok.model.layer import Layer
from detok.scores.layernorm_stats import LayerNormStats
from detok.scores.positions import PositionBias, position_bias
from detok.scores.token_scale import TokenScale
from detok.tables.common import array, long

ENDS = 10  # positions enlarged at either end
N_BINS = 60  # of the histograms of norms
SHOWN_ROWS = 5  # last positions


def variances(stats: LayerNormStats) -> pd.DataFrame:
    """Var(p_i) and σ of every position.

    Columns: position, variance, z (robust), outlier, sigma, sigma_min, sigma_max (over tokens).
    """
    return pd.DataFrame(
        {
            "position": np.arange(len(stats.var_p)),
            "variance": array(stats.var_p),
            "z": array(stats.var_p_z),
            "outlier": np.isin(np.arange(len(stats.var_p)), stats.outliers),
            "sigma": array(stats.sigma_mean),
            "sigma_min": array(stats.sigma_min),
            "sigma_max": array(stats.sigma_max),
        }
    )


def norms(stats: LayerNormStats | TokenScale) -> pd.DataFrame:
    """Histograms of the tokens' norms before and after division by σ, each relative to its mean.

    Columns: which, low, high (edges of the bin), tokens.
    """
    named = {"before": stats.norm_before, "after division by σ": stats.norm_after}
    relative = {name: array(norm) / (array(norm).mean() or 1) for name, norm in named.items()}
    values = np.concatenate(list(relative.values()))
    edges = np.linspace(values.min(), values.max() + 1e-9, N_BINS + 1)
    parts = [
        pd.DataFrame(
            {
                "which": name,
                "low": edges[:-1],
                "high": edges[1:],
                "tokens": np.histogram(norm, edges)[0],
            }
        )
        for name, norm in relative.items()
    ]
    return pd.concat(parts, ignore_index=True)


def switch(layer: Layer, plain: PositionBias, bias: PositionBias, head: int) -> pd.DataFrame:
    """How a score becomes another by division, at j = 0 and at j halfway to i, unscaled.

    `plain` is without LayerNorm and `bias` with it, of the same i. Columns: place, j, step (in
    order), score, sigma_j (the harmonic mean over all tokens).
    """
    i, sigma = bias.i, layer.moments
    rows = []
    for j in dict.fromkeys([0, i // 2]):
        p, pp = plain.p[head, j].item(), plain.pp[head, j].item()
        steps = {
            "without LayerNorm": p + pp,
            "p_i divided by σ_i": p + pp / sigma.position_mean[i].item(),
            "and p_j by σ_j": bias.total[head, j].item(),
        }
        rows += [
            (f"j = {j}", j, step, value, 1 / sigma.inverse_mean[j].item())
            for step, value in steps.items()
        ]
    return pd.DataFrame(rows, columns=["place", "j", "step", "score", "sigma_j"])


def last_rows(layer: Layer, head: int) -> pd.DataFrame:
    """p_i W^QK p_jᵀ of the last positions i with every j, for one head. Columns: i, j, score."""
    L = layer.n_positions
    last = range(max(0, L - SHOWN_ROWS), L)
    rows = [array(position_bias(layer, i, layernorm=False).pp[head]) for i in last]  # (L,) each
    return long({"i": last, "j": range(L)}, score=np.stack(rows))
