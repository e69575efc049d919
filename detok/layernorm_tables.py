"""The tables of the LayerNorm page, and the sentences that read them out."""

import numpy as np
import pandas as pd
import torch

from detok.correlation import spearman
from detok.counts import Counts
from detok.layer import Layer
from detok.layernorm_stats import FLAT, OUTLIER_Z, LayerNormStats
from detok.positions import PositionBias, raw_comparison

ENDS = 10  # positions enlarged at either end
N_BINS = 60  # of the histograms of norms
MAX_POINTS = 3000  # tokens drawn
SHOWN_ROWS = 5  # last positions


def variances(stats: LayerNormStats) -> pd.DataFrame:
    """Var(p_i) and σ of every position.

    Columns: position, variance, z (robust), outlier, sigma, sigma_min, sigma_max (over tokens).
    """
    return pd.DataFrame(
        {
            "position": np.arange(len(stats.var_p)),
            "variance": _array(stats.var_p),
            "z": _array(stats.var_p_z),
            "outlier": np.isin(np.arange(len(stats.var_p)), stats.outliers),
            "sigma": _array(stats.sigma_mean),
            "sigma_min": _array(stats.sigma_min),
            "sigma_max": _array(stats.sigma_max),
        }
    )


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.double().cpu().numpy()


def variances_reading(table: pd.DataFrame) -> str:
    """The variances at both ends against the median, and which positions stand out."""
    median = table["variance"].median()
    first, last = table["variance"].iloc[0], table["variance"].iloc[-1]
    outliers = table.loc[table["outlier"], "position"].tolist()
    listed = ", ".join(map(str, outliers[:8])) + (" …" if len(outliers) > 8 else "")
    which = (
        f"{len(outliers)} of {len(table)} positions stand out ({listed})" if outliers else "none"
    )
    return (
        f"Var(p_0) is {first / median:,.2f} times the median ({median:.3g}) and that of the last "
        f"position, {len(table) - 1}, {last / median:,.2f} times. Outliers, by a robust z-score "
        f"beyond {OUTLIER_Z}: {which}."
    )


def sigma_reading(table: pd.DataFrame) -> str:
    """What LayerNorm divides by at position 0 and elsewhere."""
    first, rest = table["sigma"].iloc[0], table["sigma"].iloc[1:].median()
    widest = (table["sigma_max"] / table["sigma_min"]).median()
    return (
        f"LayerNorm divides by σ = {first:.3f} at position 0 (mean over all tokens), by "
        f"{rest:.3f} at the median of the others: {first / rest:.2f} times as much. At one "
        f"position, the token changes σ by a factor of {widest:.1f} (median of largest over "
        "smallest)."
    )


def norms(stats: LayerNormStats) -> pd.DataFrame:
    """Histograms of the tokens' norms before and after division by σ, each relative to its mean.

    Columns: which, low, high (edges of the bin), tokens.
    """
    named = {"before": stats.norm_before, "after division by σ": stats.norm_after}
    relative = {name: _array(norm) / _array(norm).mean() for name, norm in named.items()}
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


def norms_reading(stats: LayerNormStats) -> str:
    """How far division by σ equalises the norms, and whether position may be overlooked there."""
    before, after = stats.norm_variances
    means = [norm.double().mean().item() for norm in (stats.norm_before, stats.norm_after)]
    spreads = [v**0.5 / m for v, m in zip((before, after), means, strict=True)]
    ratio = stats.mean_var_e / stats.mean_abs_cov if stats.mean_abs_cov else np.inf
    return (
        f"The norms of the {len(stats.var_e):,} token embeddings have a variance of {before:.3g} "
        f"before and {after:.3g} after division by σ(e): from {spreads[0]:.1%} to "
        f"{spreads[1]:.2%} of their mean. Mean Var(e) is {ratio:,.0f} times the mean |Cov(p, e)|. "
        f"Drawn as {N_BINS} equal bins."
    )


def switch(layer: Layer, bias: PositionBias, head: int) -> pd.DataFrame:
    """How a score becomes another by division, at j = 0 and at j halfway to i, unscaled.

    Columns: place, j, step (in order), score, sigma_j (the harmonic mean over all tokens).
    """
    i, sigma = bias.i, layer.moments
    rows = []
    for j in dict.fromkeys([0, i // 2]):
        raw_p, raw_pp = bias.raw_p[head, j].item(), bias.raw_pp[head, j].item()
        steps = {
            "without LayerNorm": raw_p + raw_pp,
            "p_i divided by σ_i": raw_p + raw_pp / sigma.position_mean[i].item(),
            "and p_j by σ_j": bias.total[head, j].item(),
        }
        rows += [
            (f"j = {j}", j, step, value, 1 / sigma.inverse_mean[j].item())
            for step, value in steps.items()
        ]
    return pd.DataFrame(rows, columns=["place", "j", "step", "score", "sigma_j"])


def switch_reading(table: pd.DataFrame, bias: PositionBias, head: int) -> str:
    """What the division makes of the two scores, and of their order."""
    parts = []
    for place, rows in table.groupby("place", sort=False):
        before, middle, after = rows["score"]
        parts.append(
            f"{place}: {before:.3f} without LayerNorm, {middle:.3f} once p_i is divided by σ_i, "
            f"divided by σ_j = {rows['sigma_j'].iloc[0]:.3f} it is {after:.2f}"
        )
    weights = [a[head, 0].item() for a in (bias.raw_attention, bias.attention)]
    return (
        f"Head {head}, i = {bias.i}. {'; '.join(parts)}. By position alone, position 0 gets "
        f"{weights[0]:.1%} of the attention without LayerNorm and {weights[1]:.1%} with it "
        f"(evenly spread: {1 / (bias.i + 1):.1%}). σ_j is the harmonic mean over all tokens."
    )


def last_rows(layer: Layer, head: int) -> pd.DataFrame:
    """p_i W^QK p_jᵀ of the last positions i with every j, for one head. Columns: i, j, score."""
    L = layer.n_positions
    rows = list(range(max(0, L - SHOWN_ROWS), L))
    scores = raw_comparison(layer, rows)[head].double().cpu().numpy()  # (rows, L)
    index, j = (part.ravel() for part in np.indices(scores.shape))
    return pd.DataFrame({"i": np.array(rows)[index], "j": j, "score": scores.ravel()})


def last_rows_reading(stats: LayerNormStats, head: int) -> str:
    """Whether the last position looks untrained: its scores hardly depend on j."""
    ratio, typical = (
        stats.last_flatness[head].item(),
        stats.last_flatness.quantile(0.5).item(),
    )
    verdict = "looks untrained" if stats.last_is_untrained else "does not look untrained"
    return (
        f"In head {head}, the scores of the last position, {len(stats.var_p) - 1}, spread "
        f"{ratio:.2f} times as much over j as those of the four before it (median of all heads "
        f"{typical:.2f}): it {verdict} (by a limit of {FLAT})."
    )


def token_variances(layer: Layer, stats: LayerNormStats, counts: Counts) -> pd.DataFrame:
    """Var(e) of every token that the counts have, most frequent first.

    Columns: token_id, token (shown), count, variance.
    """
    seen = np.flatnonzero(counts.tokens)
    order = seen[np.argsort(-counts.tokens[seen], kind="stable")]
    return pd.DataFrame(
        {
            "token_id": order,
            "count": counts.tokens[order],
            "variance": _array(stats.var_e)[order],
        }
    )


def sampled(table: pd.DataFrame, layer: Layer, limit: int = MAX_POINTS) -> pd.DataFrame:
    """Every n-th token by falling frequency, at most `limit`, with the tokens shown."""
    step = -(-len(table) // limit) or 1
    part = table.iloc[::step]
    return part.assign(token=[layer.tokenizer.show(t) for t in part["token_id"]])


def token_variances_reading(table: pd.DataFrame, drawn: pd.DataFrame, counts: Counts) -> str:
    """Spearman's ρ of Var(e) and token frequency, and what is drawn."""
    found = spearman(table["count"], table["variance"])
    return (
        f"Spearman's rank correlation of Var(e) and token frequency is {found}, over the "
        f"{found.n:,} tokens that occur in {counts.origin}: "
        f"{'rare' if found.rho < 0 else 'frequent'} tokens have the larger variance. Drawn: "
        f"{len(drawn):,} of them, evenly by rank of frequency."
    )
