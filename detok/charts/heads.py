"""The charts of the page of detokenizing heads: a DataFrame in, an Altair chart out.

A click on a bar, a cell or a curve selects its head as `cell`.
"""

import altair as alt
import pandas as pd

from detok.charts.palette import (
    BASELINE,
    CHOSEN,
    FRAME,
    INTERVAL,
    MAIN,
    ON_DARK,
    ON_LIGHT,
    diverging,
    head_color,
    sequential,
)
from detok.charts.parts import by_head, clicked, layer

# What random scores have.
CHANCE = 0.5


def measures(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """Both measures of each head side by side, the first in front, with what needs no pairs.

    Columns: head, measure (two of them), mean, mean_low, mean_high, frequency (dashed lines
    across), shared (marks across the bars), and chosen: the bars of a chosen head are framed.
    """
    names = table["measure"].unique().tolist()
    color = alt.Color(
        "measure:N",
        title=None,
        sort=names,
        scale=alt.Scale(domain=names, range=[MAIN, BASELINE]),
        legend=alt.Legend(orient="top", labelLimit=300),
    )
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart().encode(
        x=by_head(),
        xOffset=alt.XOffset("measure:N", sort=names),
        tooltip=[
            alt.Tooltip("head:O", title="Head"),
            alt.Tooltip("measure:N", title="Measure"),
            alt.Tooltip("mean:Q", title="Mean", format=".3f"),
            alt.Tooltip("mean_low:Q", title="95 % confidence from", format=".3f"),
            alt.Tooltip("mean_high:Q", title="to", format=".3f"),
            alt.Tooltip("shared:Q", title="With all queries the same", format=".3f"),
            alt.Tooltip("frequency:Q", title="Frequency alone", format=".3f"),
        ],
    )
    frame = alt.condition(alt.datum.chosen, alt.value(3), alt.value(0))
    bars = (
        base.mark_bar(opacity=0.75, stroke=CHOSEN, cursor="pointer")
        .encode(
            y=alt.Y("mean:Q", title="Mean AUROC of Tᵉᵉ", scale=scale),
            color=color,
            strokeWidth=frame,
        )
        .add_params(clicked("head"))
    )
    shared = base.mark_tick(thickness=3, color=FRAME[dark]).encode(
        y=alt.Y("shared:Q", title="Mean AUROC of Tᵉᵉ", scale=scale)
    )
    interval = (
        base.transform_filter(alt.datum.mean_low < alt.datum.mean_high)
        .mark_rule(color=INTERVAL, strokeWidth=2)
        .encode(y=alt.Y("mean_low:Q", title="Mean AUROC of Tᵉᵉ", scale=scale), y2="mean_high:Q")
    )
    lines = (
        alt.Chart()
        .transform_aggregate(frequency="max(frequency)", groupby=["measure"])
        .mark_rule(strokeDash=[4, 4], strokeWidth=2)
        .encode(
            y=alt.Y("frequency:Q", title="Mean AUROC of Tᵉᵉ", scale=scale),
            color=color,
            tooltip=[
                alt.Tooltip("measure:N", title="Measure"),
                alt.Tooltip("frequency:Q", title="Frequency alone", format=".3f"),
            ],
        )
    )
    return layer(bars, lines, interval, shared, data=table).properties(
        description=f"Bars: {' and '.join(names)} of each head, with what frequency alone reaches "
        "as dashed lines and what a mean query reaches as marks.",
        height=340,
    )


def tops(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """Heads × kinds of tokens; colour is how often the true predecessor is among the first three.

    Columns: head, kind, label, n_best, first_3, first_20, median_rank, any_first_3.
    """
    base = alt.Chart(table).encode(
        x=by_head(),
        y=alt.Y(
            "label:N",
            sort=table["label"].unique().tolist(),
            title="Kind of token i",
            axis=alt.Axis(labelLimit=220, labelFlush=False),
        ),
        tooltip=[
            alt.Tooltip("head:O", title="Head"),
            alt.Tooltip("kind:N", title="Current token i"),
            alt.Tooltip("n_best:Q", title="Tokens", format=","),
            alt.Tooltip("first_3:Q", title="Among the first 3", format=".2%"),
            alt.Tooltip("first_20:Q", title="Among the first 20", format=".2%"),
            alt.Tooltip("any_first_3:Q", title="Among the first 3 of some head", format=".2%"),
            alt.Tooltip("median_rank:Q", title="Median rank", format=",.0f"),
        ],
    )
    largest = float(table["first_3"].max()) or 1.0
    color = sequential("first_3", largest, dark, "Share among the first 3")
    ink = ON_DARK if dark else ON_LIGHT
    labels = base.mark_text(fontSize=11, color=ink).encode(text=alt.Text("first_3:Q", format=".1%"))
    cells = base.mark_rect(cursor="pointer").encode(color=color).add_params(clicked("head"))
    return layer(cells, labels).properties(
        description="Map: a row for each kind of token, a column for each head; the number is how "
        "often the true predecessor is among the head's first three.",
        height=alt.Step(30),
    )


def summary(table: pd.DataFrame) -> alt.LayerChart:
    """Mean AUROC by head with the spread over tokens (Fig. 2-D); a chosen head in green.

    Columns: head, chosen, mean, mean_low, mean_high, median, q25, q75, std, frequency (a dashed
    line).
    """
    tooltip = [
        alt.Tooltip("head:O", title="Head"),
        alt.Tooltip("mean:Q", title="Mean AUROC", format=".3f"),
        alt.Tooltip("mean_low:Q", title="95 % confidence from", format=".3f"),
        alt.Tooltip("mean_high:Q", title="to", format=".3f"),
        alt.Tooltip("median:Q", title="Median", format=".3f"),
        alt.Tooltip("q25:Q", title="First quartile", format=".3f"),
        alt.Tooltip("q75:Q", title="Third quartile", format=".3f"),
        alt.Tooltip("std:Q", title="Standard deviation", format=".3f"),
    ]
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart().encode(x=by_head(), tooltip=tooltip)
    color = alt.condition(alt.datum.chosen, alt.value(CHOSEN), alt.value(MAIN))
    bars = (
        base.mark_bar(opacity=0.75, cursor="pointer")
        .encode(y=alt.Y("mean:Q", title="AUROC of Tᵉᵉ", scale=scale), color=color)
        .add_params(clicked("head"))
    )
    spread = base.mark_rule(color=BASELINE, strokeWidth=3).encode(
        y=alt.Y("q25:Q", title="AUROC of Tᵉᵉ", scale=scale), y2="q75:Q"
    )
    median = base.mark_point(color=BASELINE, filled=True, size=70, opacity=1).encode(
        y=alt.Y("median:Q", scale=scale)
    )
    interval = (
        base.transform_filter(alt.datum.mean_low < alt.datum.mean_high)
        .mark_errorbar(color=INTERVAL, thickness=2, ticks={"width": 14, "color": INTERVAL})
        .encode(y=alt.Y("mean_low:Q", title="AUROC of Tᵉᵉ", scale=scale), y2="mean_high:Q")
    )
    line = (
        alt.Chart()
        .transform_aggregate(frequency="max(frequency)")
        .mark_rule(strokeDash=[4, 4], strokeWidth=2, color=BASELINE)
        .encode(y=alt.Y("frequency:Q", title="AUROC of Tᵉᵉ", scale=scale))
    )
    layered = layer(bars, line, spread, median, interval, data=table)
    return layered.properties(
        description="Bars: mean AUROC of each head by the paper's measure, with the median and "
        "the middle half of the tokens; frequency alone is a dashed line.",
        height=320,
    )


def by_kind(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """Heads × kinds of tokens; colour is the mean AUROC, diverging around 0.5.

    Columns: head, kind, label, n, mean, median, std; cells without tokens stay empty.
    """
    table = table.dropna(subset="mean")
    order = table["label"].unique().tolist()
    base = alt.Chart(table).encode(
        x=by_head(),
        y=alt.Y(
            "label:N",
            sort=order,
            title="Kind of token i",
            axis=alt.Axis(labelLimit=220, labelFlush=False),
        ),
        tooltip=[
            alt.Tooltip("head:O", title="Head"),
            alt.Tooltip("kind:N", title="Current token i"),
            alt.Tooltip("n:Q", title="Tokens", format=","),
            alt.Tooltip("mean:Q", title="Mean AUROC", format=".3f"),
            alt.Tooltip("median:Q", title="Median", format=".3f"),
            alt.Tooltip("std:Q", title="Standard deviation", format=".3f"),
        ],
    )
    color = diverging("mean", [0, CHANCE, 1], dark, "Mean AUROC")
    cells = base.mark_rect(cursor="pointer").encode(color=color).add_params(clicked("head"))
    ink = ON_DARK if dark else ON_LIGHT
    labels = base.mark_text(fontSize=11, color=ink).encode(text=alt.Text("mean:Q", format=".2f"))
    return layer(cells, labels).properties(
        description="Map: a row for each kind of token, a column for each head; the number is the "
        "mean AUROC by the paper's measure.",
        height=alt.Step(30),
    )


def curves(table: pd.DataFrame) -> alt.LayerChart:
    """ROC curves of one token, a line a head, that of a chosen one heavier (Fig. 2-C).

    Columns: head, chosen, label (head and area), area, threshold, false_positive, true_positive.
    """
    heads = table.drop_duplicates("head").sort_values("area", ascending=False)
    order = heads["label"].tolist()
    base = alt.Chart().encode(
        x=alt.X(
            "false_positive:Q",
            title="Share of the tokens never seen before it",
            axis=alt.Axis(format="%"),
        ),
        y=alt.Y(
            "true_positive:Q",
            title="Share of its predecessors, by count",
            axis=alt.Axis(format="%"),
        ),
        color=alt.Color(
            "label:N",
            title="Head · area",
            scale=alt.Scale(domain=order, range=[head_color(head) for head in heads["head"]]),
        ),
        order="false_positive:Q",
        detail="head:N",
    )
    width = alt.condition(alt.datum.chosen, alt.value(3.5), alt.value(1.5))
    lines = base.mark_line(interpolate="linear").encode(strokeWidth=width)
    points = base.mark_point(filled=True, size=40, opacity=0, cursor="pointer").encode(
        tooltip=[
            alt.Tooltip("head:O", title="Head"),
            alt.Tooltip("area:Q", title="Area", format=".4f"),
            alt.Tooltip("threshold:Q", title="Tᵉᵉ at least", format=".2f"),
            alt.Tooltip("true_positive:Q", title="Predecessors", format=".1%"),
            alt.Tooltip("false_positive:Q", title="Other tokens", format=".1%"),
        ]
    )
    points = points.add_params(clicked("head"))
    corners = alt.Data(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    chance = (
        alt.Chart(corners).mark_line(strokeDash=[4, 4], color=BASELINE).encode(x="x:Q", y="y:Q")
    )
    return layer(chance, lines, points, data=table).properties(
        description="ROC curves of one token, a line for each head: the share of its predecessors "
        "against the share of all other tokens that score as high.",
        height=420,
    )
