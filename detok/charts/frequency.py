"""The charts of token frequency: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts.palette import MAIN, TERM_COLORS, TREND
from detok.charts.parts import clicked, layer, panels


def against_count(table: pd.DataFrame, title: str, color: str = MAIN) -> alt.LayerChart:
    """A measure of tokens against their count, log x, with its trend.

    Columns: token_id, token, count, value, trend. A click on a point selects its token_id as
    `cell`.
    """
    x = _count_axis(6, "Times the token occurs (log scale)")
    points = (
        alt.Chart(table)
        .mark_circle(size=16, opacity=0.45, color=color, cursor="pointer")
        .encode(
            x=x,
            y=alt.Y("value:Q", title=title).scale(zero=False),
            tooltip=_tooltip("value", title),
        )
        .add_params(clicked("token_id"))
        .properties(height=320)
    )
    line = (
        alt.Chart(table)
        .mark_line(color=TREND, strokeWidth=2.5)
        .encode(x=x, y=alt.Y("trend:Q", title=title))
    )
    return layer(points, line).properties(
        description=f"Points: {title} of tokens against how often they occur, with the trend."
    )


def by_head(table: pd.DataFrame) -> alt.FacetChart:
    """Tᵉ against token count, a panel a head (Fig. 11).

    Columns: token_id, token, count, head, score. A click on a point selects its head and token_id
    as `cell`.
    """
    points = (
        alt.Chart(table)
        .mark_circle(size=9, opacity=0.4, color=TERM_COLORS["e"], cursor="pointer")
        .encode(
            x=_count_axis(3, "Token count (log scale)"),
            y=alt.Y("score:Q", title=None).scale(zero=False),
            tooltip=[alt.Tooltip("head:O", title="Head"), *_tooltip("score", "Tᵉ")],
        )
        .add_params(clicked("head", "token_id"))
    )
    figure = panels(points, 150, 130, "Tᵉ (unscaled)").resolve_scale(y="independent")
    return figure.properties(
        description="Points in a panel for each head: Tᵉ of tokens against how often they occur."
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
