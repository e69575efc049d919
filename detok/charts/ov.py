"""The chart of how often heads copy: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts.palette import BASELINE, CHOSEN, MAIN
from detok.charts.parts import by_head, clicked, layer

CHANCE = 0.5


def copying(table: pd.DataFrame) -> alt.LayerChart:
    """Two shares of each head side by side, with that of chance as a dashed line.

    Columns: head, measure (two of them), share, and chosen: the bars of a chosen head are framed. A
    click on a bar selects its head as `cell`.
    """
    names = table["measure"].unique().tolist()
    y = {"title": "Share", "axis": alt.Axis(format="%"), "scale": alt.Scale(domain=[0, 1])}
    bars = (
        alt.Chart()
        .mark_bar(opacity=0.75, stroke=CHOSEN, cursor="pointer")
        .encode(
            x=by_head(),
            xOffset=alt.XOffset("measure:N", sort=names),
            y=alt.Y("share:Q", **y),
            color=alt.Color(
                "measure:N",
                title=None,
                sort=names,
                scale=alt.Scale(domain=names, range=[MAIN, BASELINE]),
                legend=alt.Legend(orient="top", symbolStrokeWidth=0),
            ),
            strokeWidth=alt.condition(alt.datum.chosen, alt.value(3), alt.value(0)),
            tooltip=[
                alt.Tooltip("head:O", title="Head"),
                alt.Tooltip("measure:N", title="Measure"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
        .add_params(clicked("head"))
    )
    chance = (
        alt.Chart()
        .mark_rule(strokeDash=[4, 4], strokeWidth=2, color=BASELINE)
        .encode(y=alt.datum(CHANCE))
    )
    return layer(bars, chance, data=table).properties(
        description="Bars for each head: the share of tokens whose own logit it raises, and the "
        "share of its eigenvalues that are positive; 1/2, what chance would give, is a dashed "
        "line.",
        height=240,
    )
