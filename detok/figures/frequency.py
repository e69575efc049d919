"""Figures of token frequency: 5, 6 (with the variance of positions) and 11."""

import pandas as pd

from detok.charts import frequency as charts, layernorm as layernorm_charts, paper
from detok.charts.palette import TERM_COLORS
from detok.errors import InputError
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting
from detok.scores.layernorm_stats import layernorm_stats
from detok.tables import frequency as tables, layernorm as layernorm_tables
from detok.tables.common import sampled


def _self_assertion(setting: Setting) -> Drawn:
    """Fig. 5, with the trend and ρ of each head."""
    drawn = {
        f"Head {head} · ρ = {_rho(setting, f'head_{head}')}": charts.against_count(
            _with_trend(setting, f"head_{head}"), "Tᵉ (unscaled)", TERM_COLORS["e"]
        )
        for head in setting.heads
    }
    how = f"Tᵉ from the weights alone, with σ_j averaged over all positions. {_how(setting)}"
    return Drawn(paper.beside(drawn, *paper.SINGLE), f"{how} Orange: medians of bins. {_RHO}")


def _all_self_assertions(setting: Setting) -> Drawn:
    """Fig. 11, of fewer tokens than Fig. 5."""
    part = sampled(_occurring(setting), setting.layer, tables.MAX_POINTS_PANEL)
    chart = paper.all_heads(charts.by_head(tables.by_head(part)))
    rho = ", ".join(
        f"{head}: {_rho(setting, f'head_{head}')}" for head in range(setting.layer.n_heads)
    )
    how = f"As Fig. 5. {_how(setting, len(part))} Spearman's ρ by head, of all: {rho}."
    return Drawn(chart, how)


def _variances(setting: Setting) -> Drawn:
    """Fig. 6, with the trend of its left side."""
    left = charts.against_count(_with_trend(setting, "variance"), "Var(e)")
    variances = layernorm_tables.variances(layernorm_stats(setting.layer))
    n = min(layernorm_tables.ENDS, len(variances))
    right = {
        f"The first {n} positions": variances.head(n),
        f"The last {n} positions": variances.tail(n),
    }
    ends = {name: layernorm_charts.end(part, name) for name, part in right.items()}
    how = (
        f"Left: the variance of each token's embedding; ρ = {_rho(setting, 'variance')}. "
        f"{_how(setting)} Orange: medians of bins. {_RHO} Right: the variance of position "
        "embeddings; those far from all others are orange."
    )
    return Drawn(paper.left_and_right(left, ends, 330, 400), how)


def _rho(setting: Setting, measure: str) -> str:
    return f"{setting.rho[tables.title(measure)]:.2f}".replace("-", "−")


_RHO = "ρ is Spearman's, of all that occur."


def _occurring(setting: Setting) -> pd.DataFrame:
    table = tables.seen(setting.frequencies)
    if table.empty:
        raise InputError("no token of this model occurs in the counts; expected some that do")
    return table


def _with_trend(setting: Setting, measure: str) -> pd.DataFrame:
    _occurring(setting)
    return sampled(tables.with_trend(setting.frequencies, measure), setting.layer)


def _how(setting: Setting, n: int | None = None) -> str:
    """Which tokens are drawn."""
    occurring = _occurring(setting)
    n = len(sampled(occurring, setting.layer)) if n is None else n
    which = f"every n-th by count, {n:,} of the" if n < len(occurring) else "all"
    return f"Drawn: {which} {len(occurring):,} tokens that occur in the counts. {setting.counted}"


FIGURES = [
    Figure(
        "5",
        "Tᵉ against token count",
        "The self-assertion of tokens in two heads against how often they occur: rare tokens ask "
        "for attention.",
        _self_assertion,
    ),
    Figure(
        "6",
        "Variance of token and position embeddings",
        "Left: the variance of each token's embedding against how often it occurs. Right: the "
        "variance of the first ten position embeddings, exceptionally high at 0, and of the last "
        "ten, near zero at the last.",
        _variances,
    ),
    Figure(
        "11",
        "Tᵉ against token count, all heads",
        "The plot of 5 in every head.",
        _all_self_assertions,
    ),
]
