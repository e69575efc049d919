"""The charts of the LayerNorm page: one function a chart, a DataFrame in, an Altair chart out.

A click on a point or bar of a position selects its position, or i, as `cell`.
"""

import altair as alt
import pandas as pd

from detok.charts.palette import BEFORE_LAST, CONTRAST, LAST, MAIN, OUTLIER
from detok.charts.parts import clicked, layer, yes_or_no

_POSITION = "Position i"


def variances(table: pd.DataFrame) -> alt.LayerChart:
    """Var(p_i) over all positions, outliers marked. Columns: position, variance, z, outlier."""
    base = alt.Chart().encode(
        x=alt.X("position:Q", title=_POSITION, scale=alt.Scale(nice=False)),
        y=alt.Y("variance:Q", title="Var(p_i)"),
    )
    line = base.mark_line(color=MAIN, strokeWidth=1.5)
    points = (
        base.mark_point(filled=True, size=30, cursor="pointer")
        .encode(
            color=_outlier_color(),
            opacity=alt.condition(alt.datum.outlier, alt.value(0.9), alt.value(0.0)),
            tooltip=_variance_tooltip(),
        )
        .add_params(clicked("position"))
    )
    return layer(line, points, data=table).properties(
        description="Line: the variance of the position embedding at every position, with "
        "outliers marked.",
        height=320,
    )


def end(table: pd.DataFrame, title: str) -> alt.Chart:
    """Var(p_i) of a few positions as bars. Columns: position, variance, z, outlier."""
    return (
        alt.Chart(table, title=title)
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("position:O", title=_POSITION, axis=alt.Axis(labelAngle=0, labelFlush=False)),
            y=alt.Y("variance:Q", title="Var(p_i)"),
            color=_outlier_color().legend(None),
            tooltip=_variance_tooltip(),
        )
        .add_params(clicked("position"))
        .properties(description=f"{title}, as bars: the variance of their embeddings.", height=240)
    )


def _outlier_color() -> alt.Color:
    return alt.Color(
        "outlier:N",
        title="Outlier",
        scale=alt.Scale(domain=[False, True], range=[MAIN, OUTLIER]),
        legend=yes_or_no(),
    )


def _variance_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("position:Q", title=_POSITION),
        alt.Tooltip("variance:Q", title="Var(p_i)", format=".4g"),
        alt.Tooltip("z:Q", title="Robust z-score", format=".1f"),
    ]


def sigma(table: pd.DataFrame) -> alt.LayerChart:
    """σ over positions, its mean over tokens in a band from the smallest to the largest.

    Columns: position, sigma, sigma_min, sigma_max.
    """
    x = alt.X("position:Q", title=_POSITION, scale=alt.Scale(nice=False))
    tooltip = [
        alt.Tooltip("position:Q", title=_POSITION),
        alt.Tooltip("sigma:Q", title="σ, mean over tokens", format=".4f"),
        alt.Tooltip("sigma_min:Q", title="Smallest", format=".4f"),
        alt.Tooltip("sigma_max:Q", title="Largest", format=".4f"),
    ]
    title = "σ(e + p_i) over all tokens"
    band = alt.Chart().mark_area(color=MAIN, opacity=0.2)
    band = band.encode(x=x, y=alt.Y("sigma_min:Q", title=title), y2=alt.Y2("sigma_max:Q"))
    y = alt.Y("sigma:Q", title=title)
    line = alt.Chart().mark_line(color=MAIN, strokeWidth=1.8).encode(x=x, y=y)
    points = alt.Chart().mark_point(filled=True, size=50, opacity=0, cursor="pointer")
    points = points.encode(x=x, y=y, tooltip=tooltip).add_params(clicked("position"))
    return layer(band, line, points, data=table).properties(
        description="Line: σ at every position, its mean over all tokens, in a band from the "
        "smallest to the largest.",
        height=320,
    )


def norms(table: pd.DataFrame) -> alt.Chart:
    """Two histograms of norms on one axis. Columns: which, low, high, tokens."""
    order = table["which"].unique().tolist()
    return (
        alt.Chart(table)
        .mark_bar(opacity=0.65, binSpacing=0)
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title="Norm of a token's embedding, over the mean norm",
                axis=alt.Axis(format=".2~f", tickCount=8),
            ),
            x2=alt.X2("high:Q"),
            y=alt.Y("tokens:Q", title="Tokens (root scale)", stack=None).scale(type="sqrt"),
            color=alt.Color(
                "which:N",
                title="Norms",
                scale=alt.Scale(domain=order, range=[MAIN, CONTRAST]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("which:N", title="Norms"),
                alt.Tooltip("low:Q", title="From", format=".3f"),
                alt.Tooltip("high:Q", title="To", format=".3f"),
                alt.Tooltip("tokens:Q", title="Tokens", format=","),
            ],
        )
        .properties(
            description="Two histograms: the norms of the token embeddings before and after "
            "division by σ.",
            height=320,
        )
    )


def switch(table: pd.DataFrame) -> alt.Chart:
    """The score at two positions j, step by step through LayerNorm's divisions.

    Columns: place, step, score, sigma_j.
    """
    steps = table["step"].unique().tolist()
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X(
                "step:N", sort=steps, title="Step", axis=alt.Axis(labelAngle=0, labelFlush=False)
            ),
            xOffset=alt.XOffset("place:N", sort=table["place"].unique().tolist()),
            y=alt.Y("score:Q", title="Tᵖ + Tᵖᵖ (unscaled)"),
            color=alt.Color(
                "place:N",
                title="Position",
                sort=table["place"].unique().tolist(),
                scale=alt.Scale(range=[CONTRAST, MAIN]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("place:N", title="Position"),
                alt.Tooltip("step:N", title="Step"),
                alt.Tooltip("score:Q", title="Score", format=".4f"),
                alt.Tooltip("sigma_j:Q", title="σ_j", format=".4f"),
            ],
        )
        .properties(
            description="Bars: the score of position 0 and of another position, step by step "
            "through LayerNorm's divisions.",
            height=320,
        )
    )


def last_rows(table: pd.DataFrame) -> alt.LayerChart:
    """Tᵖᵖ without LayerNorm over j, a line for each of the last i. Columns: i, j, score."""
    rows = sorted(table["i"].unique().tolist())
    base = alt.Chart().encode(
        x=alt.X("j:Q", title="Position j", scale=alt.Scale(nice=False)),
        y=alt.Y("score:Q", title="Tᵖᵖ without LayerNorm (unscaled)"),
        color=alt.Color(
            "i:O",
            title="Current position i",
            scale=alt.Scale(
                domain=rows, range=[*BEFORE_LAST[len(BEFORE_LAST) - len(rows) + 1 :], LAST]
            ),
            legend=alt.Legend(orient="top"),
        ),
    )
    width = alt.condition(alt.datum.i == rows[-1], alt.value(2.6), alt.value(1.2))
    line = base.mark_line().encode(strokeWidth=width)
    points = base.mark_point(filled=True, size=40, opacity=0, cursor="pointer").encode(
        tooltip=[
            alt.Tooltip("i:Q", title="Current position i"),
            alt.Tooltip("j:Q", title="Position j"),
            alt.Tooltip("score:Q", title="Score", format=".4f"),
        ]
    )
    points = points.add_params(clicked("i"))
    return layer(line, points, data=table).properties(
        description="Lines: Tᵖᵖ without LayerNorm over position j, one for each of the last "
        "positions i.",
        height=320,
    )
