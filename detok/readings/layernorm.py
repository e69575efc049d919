"""What the tables of LayerNorm say, in sentences."""

import numpy as np
import pandas as pd

from detok.scores.layernorm_stats import FLAT, OUTLIER_Z, LayerNormStats
from detok.scores.positions import PositionBias
from detok.tables.layernorm import N_BINS


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
