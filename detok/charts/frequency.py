"""The charts of token frequency: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts.palette import TERM_COLORS

_MAIN, _TREND = "#3b76c4", "#e07a3f"


def token_variance(table: pd.DataFrame) -> alt.Chart:
    """Var(e) against token frequency, log x. Columns: token, count, variance."""
    return against_count(table, "variance", "Var(e)")


def against_count(
    table: pd.DataFrame, column: str, title: str, color: str = _MAIN
) -> alt.Chart | alt.LayerChart:
    """A measure of tokens against their count, log x, with its trend if the table has one.

    Columns: token, count, the measure named by `column`, and perhaps trend.
    """
    x = _count_axis(6, "Times the token occurs (log scale)")
    points = (
        alt.Chart(table)
        .mark_circle(size=16, opacity=0.45, color=color)
        .encode(
            x=x,
            y=alt.Y(f"{column}:Q", title=title).scale(zero=False),
            tooltip=_tooltip(column, title),
        )
        .properties(height=320)
    )
    if "trend" not in table:
        return points
    line = (
        alt.Chart(table)
        .mark_line(color=_TREND, strokeWidth=2.5)
        .encode(x=x, y=alt.Y("trend:Q", title=title))
    )
    return points + line


def by_head(table: pd.DataFrame) -> alt.FacetChart:
    """T^e against token count, a panel a head (Fig. 11). Columns: token, count, head, score."""
    return (
        alt.Chart(table)
        .mark_circle(size=9, opacity=0.4, color=TERM_COLORS["e"])
        .encode(
            x=_count_axis(3, "Token count (log scale)"),
            y=alt.Y("score:Q", title=None).scale(zero=False),
            tooltip=[alt.Tooltip("head:O", title="Head"), *_tooltip("score", "T^e")],
        )
        .properties(width=168, height=130)
        .facet(
            alt.Facet(
                "head:O",
                title="T^e (unscaled)",
                header=alt.Header(labelExpr="'Head ' + datum.value", labelFontWeight="bold"),
            ),
            columns=4,
        )
        .resolve_scale(y="independent")
    )


def _count_axis(n_ticks: int, title: str) -> alt.X:
    return alt.X(
        "count:Q",
        title=title,
        scale=alt.Scale(type="log"),
        axis=alt.Axis(format="~s", tickCount=n_ticks),
    )


def _tooltip(column: str, title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("token:N", title="Token"),
        alt.Tooltip("count:Q", title="Times seen", format=","),
        alt.Tooltip(f"{column}:Q", title=title, format=".4g"),
    ]
