"""What the tables of LayerNorm say, in sentences."""

import pandas as pd

from detok.scores.layernorm_stats import FLAT, OUTLIER_Z, LayerNormStats
from detok.scores.positions import PositionBias
from detok.tables.layernorm import N_BINS

_NUMBERS = {2: "two", 3: "three", 4: "four"}


def variances(table: pd.DataFrame, stats: LayerNormStats) -> str:
    """The variances at both ends against the median, and which positions stand out."""
    median = stats.median_var_p
    first, last = table["variance"].iloc[0], table["variance"].iloc[-1]
    outliers = stats.outliers
    listed = ", ".join(map(str, outliers[:8])) + (" …" if len(outliers) > 8 else "")
    which = (
        f"{len(outliers)} of {len(table)} positions stand out ({listed})" if outliers else "none"
    )
    return (
        f"Var(p_0) is {first / median:,.2f} times the median ({median:.3g}) and that of the last "
        f"position, {len(table) - 1}, {last / median:,.2f} times. Outliers, by a robust z-score "
        f"beyond {OUTLIER_Z}: {which}."
    )


def sigma(table: pd.DataFrame, stats: LayerNormStats) -> str:
    """What LayerNorm divides by at position 0 and elsewhere."""
    first, rest = table["sigma"].iloc[0], stats.sigma_elsewhere
    others = (
        f", by {rest:.3f} at the median of the others: {first / rest:.2f} times as much"
        if len(table) > 1
        else ""
    )
    return (
        f"LayerNorm divides by σ = {first:.3f} at position 0 (mean over all tokens){others}. At "
        f"one position, the token changes σ by a factor of {stats.sigma_range:.1f} (median of "
        "largest over smallest)."
    )


def norms(stats: LayerNormStats) -> str:
    """How far division by σ equalises the norms, and whether position may be overlooked there."""
    before, after = stats.norm_variances
    spread_before, spread_after = stats.norm_spreads
    return (
        f"The norms of the {len(stats.var_e):,} token embeddings have a variance of {before:.3g} "
        f"before and {after:.3g} after division by σ(e): from {spread_before:.1%} to "
        f"{spread_after:.2%} of their mean. Mean Var(e) is {stats.var_e_over_cov:,.0f} times the "
        f"mean |Cov(p, e)|. Drawn as {N_BINS} equal bins."
    )


def switch(table: pd.DataFrame, plain: PositionBias, bias: PositionBias, head: int) -> str:
    """What the division makes of the two scores, and of the attention to position 0."""
    parts = []
    for place in table["place"].unique():
        rows = table[table["place"] == place]
        before, middle, after = rows["score"]
        parts.append(
            f"{place}: {before:.3f} without LayerNorm, {middle:.3f} once p_i is divided by σ_i, "
            f"divided by σ_j = {rows['sigma_j'].iloc[0]:.3f} it is {after:.2f}"
        )
    without, with_it = (each.attention[head, 0].item() for each in (plain, bias))
    return (
        f"Head {head}, i = {bias.i}. {'; '.join(parts)}. By position alone, position 0 gets "
        f"{without:.1%} of the attention without LayerNorm and {with_it:.1%} with it "
        f"(evenly spread: {1 / bias.attention.shape[1]:.1%}). σ_j is the harmonic mean over all "
        "tokens."
    )


def last_rows(stats: LayerNormStats, head: int) -> str:
    """Whether the last position looks untrained: its scores hardly depend on j."""
    if not stats.n_neighbours:
        return f"With {len(stats.var_p)} positions, no scores of others can be compared."
    verdict = "looks untrained" if stats.last_is_untrained else "does not look untrained"
    others = f"the {_NUMBERS[stats.n_neighbours]} before it"
    return (
        f"In head {head}, the scores of the last position, {len(stats.var_p) - 1}, spread "
        f"{stats.last_flatness[head].item():.2f} times as much over j as those of {others} "
        f"(median of all heads {stats.median_flatness:.2f}): it {verdict} (by a limit of "
        f"{FLAT})."
    )
