"""What the tables of LayerNorm say, in sentences."""

import math

import pandas as pd

from detok.scores.layernorm_stats import FLAT, OUTLIER_Z, LayerNormStats
from detok.scores.positions import PositionBias
from detok.tables.layernorm import N_BINS

_NUMBERS = {2: "two", 3: "three", 4: "four"}


def variances(table: pd.DataFrame, stats: LayerNormStats) -> str:
    """The variances at both ends against the median, and which positions stand out."""
    median, n = stats.median_var_p, len(table)
    if n == 1:
        return f"Var(p_0) is {table['variance'].iloc[0]:.3g}; there is no other position."
    first, last = table["variance"].iloc[0], table["variance"].iloc[-1]
    ends = (
        f"Var(p_0) is {first:.3g}, that of the last position, {n - 1}, {last:.3g}; the median is 0."
    )
    if median:
        ends = (
            f"Var(p_0) is {first / median:,.2f} times the median ({median:.3g}) and that of the "
            f"last position, {n - 1}, {last / median:,.2f} times."
        )
    outliers = stats.outliers
    listed = ", ".join(map(str, outliers[:8])) + (" …" if len(outliers) > 8 else "")
    stand = "stands" if len(outliers) == 1 else "stand"
    which = f"{len(outliers)} of {n} positions {stand} out ({listed})" if outliers else "none"
    return f"{ends} Outliers, by a robust z-score beyond {OUTLIER_Z}: {which}."


def sigma(table: pd.DataFrame, stats: LayerNormStats) -> str:
    """What LayerNorm divides by at position 0 and elsewhere."""
    first, rest = table["sigma"].iloc[0], stats.sigma_elsewhere
    others = (
        f", by {rest:.3g} at the median of the others: {first / rest:.2f} times as much"
        if len(table) > 1
        else ""
    )
    return (
        f"LayerNorm divides by σ = {first:.3g} at position 0 (mean over all tokens){others}. At "
        f"one position, the token changes σ by a factor of {stats.sigma_range:.3g} (median of "
        "largest over smallest)."
    )


def norms(stats: LayerNormStats) -> str:
    """How far division by σ equalises the norms, and whether position may be overlooked there."""
    before, after = stats.norm_variances
    spread_before, spread_after = stats.norm_spreads
    more_or_less = "more alike" if spread_after < spread_before else "less alike"
    if f"{spread_before:.3g}" == f"{spread_after:.3g}":
        more_or_less = "as alike as before"
    cov = "|Cov(p, e)| is 0 for all tokens and positions."
    if stats.mean_abs_cov:
        cov = f"Mean Var(e) is {stats.var_e_over_cov:,.3g} times the mean |Cov(p, e)|."
    return (
        f"The norms of the {len(stats.var_e):,} token embeddings have a variance of {before:.3g} "
        f"before and {after:.3g} after division by σ(e). Their standard deviation goes from "
        f"{spread_before:.3%} to {spread_after:.3%} of their mean: division makes them "
        f"{more_or_less}. {cov} Drawn as {N_BINS} equal bins."
    )


def switch(table: pd.DataFrame, plain: PositionBias, bias: PositionBias, head: int) -> str:
    """What the division makes of the two scores, and of the attention to position 0."""
    parts = []
    for place in table["place"].unique():
        rows = table[table["place"] == place]
        before, middle, after = rows["score"]
        parts.append(
            f"{place}: {before:.3g} without LayerNorm, {middle:.3g} once p_i is divided by σ_i, "
            f"divided by σ_j = {rows['sigma_j'].iloc[0]:.3g} it is {after:.3g}"
        )
    without, with_it = (each.attention[head, 0].item() for each in (plain, bias))
    change = "raises" if with_it > without else "lowers"
    if f"{with_it:.1%}" == f"{without:.1%}":
        change = "hardly changes"
    return (
        f"Head {head}, i = {bias.i}. {'; '.join(parts)}. By position alone, LayerNorm {change} "
        f"what position 0 gets: {without:.1%} of the attention without it and {with_it:.1%} with "
        f"it (evenly spread: {1 / bias.attention.shape[1]:.1%}). σ_j is the harmonic mean over all "
        "tokens."
    )


def last_rows(stats: LayerNormStats, head: int) -> str:
    """Whether the last position looks untrained: its scores hardly depend on j."""
    if not stats.n_neighbours:
        positions = "1 position" if len(stats.var_p) == 1 else f"{len(stats.var_p)} positions"
        return f"With {positions}, no scores of others can be compared."
    last, value = len(stats.var_p) - 1, stats.last_flatness[head].item()
    others = f"the {_NUMBERS[stats.n_neighbours]} before it"
    if math.isnan(value):
        own = f"neither the scores of the last position, {last}, nor those of {others} vary"
    elif math.isinf(value):
        own = f"the scores of the last position, {last}, vary, and those of {others} do not"
    else:
        own = (
            f"the scores of the last position, {last}, spread {value:.2f} times as much over j = 1 "
            f"to {last - 1} as those of {others} (their median)"
        )
    if math.isnan(stats.median_flatness):
        return f"In head {head}, {own}: whether it is trained cannot be told."
    verdict = "looks untrained" if stats.last_is_untrained else "does not look untrained"
    return (
        f"In head {head}, {own}; median of all heads {stats.median_flatness:.2f}: it {verdict} (by "
        f"a limit of {FLAT})."
    )
