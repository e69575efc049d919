"""The charts of the flow of information: a DataFrame in, an Altair chart out.

A click on a part selects its node as `cell`.
"""

import json

import altair as alt
import pandas as pd

from detok.charts.palette import BASELINE, CONTRAST, FRAME, LARGEST, LETTERS, MAIN, NEGATIVE, ranks
from detok.charts.parts import clicked, layer, log_ranks

LANE_HEIGHT = 44
# Parts beside each other that a page has room for; a graph of more has a width of its own.
ROOM = 30
SLOT_WIDTH = 22
_ADDS = "Adds to the target's logit"
# What the chart of the stream can show: its title, and whether the scale is logarithmic.
MEASURES = {
    "rank": ("Rank of the target (log scale)", True),
    "probability": ("Probability of the target", False),
    "norm": ("Norm", False),
    "adds": (_ADDS, False),
}


def stream(
    table: pd.DataFrame, measure: str, chance: float | None, shown: tuple[int, int]
) -> alt.LayerChart:
    """The stream through the layers as a line, what attention and MLP add to it as dots.

    Columns: node, part, series, place, norm, rank, probability, adds. `chance`, where it has one,
    is a dashed line; the layers `shown` in detail, from and to, are a band behind.
    """
    title, is_log = MEASURES[measure]
    series = table["series"].unique().tolist()
    y = (
        log_ranks(table[measure], title, chance or 1.0)
        if is_log
        else alt.Y(f"{measure}:Q", title=title)
    )
    last = int(table["place"].iloc[-1])
    base = alt.Chart(table).encode(
        x=alt.X(
            "place:Q",
            title="Layers passed",
            scale=alt.Scale(domain=[0, last], nice=False),
            axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        ),
        y=y,
        color=alt.Color(
            "series:N",
            title=None,
            scale=alt.Scale(domain=series, range=[MAIN, CONTRAST, LARGEST]),
            legend=alt.Legend(orient="top"),
        ),
    )
    band = alt.Chart(pd.DataFrame({"from": [shown[0]], "to": [shown[1]]}))
    band = band.mark_rect(color=BASELINE, opacity=0.18).encode(x="from:Q", x2="to:Q")
    line = base.mark_line(strokeWidth=1.8).transform_filter("datum.series == 'stream'")
    points = base.mark_point(filled=True, size=45, opacity=1, cursor="pointer").encode(
        shape=alt.Shape("series:N", title=None, scale=alt.Scale(domain=series)),
        tooltip=_tooltip(alt.Tooltip("adds:Q", title=_ADDS, format="+.3f")),
    )
    drawn = [band, line, points.add_params(clicked("node"))]
    if chance is not None:
        rule = alt.Chart(pd.DataFrame({"chance": [chance], "text": ["chance"]}))
        rule = rule.encode(y=alt.Y("chance:Q"))
        letters = {"align": "right", "dy": -6, "color": BASELINE}
        drawn.insert(1, rule.mark_rule(color=BASELINE, strokeDash=[5, 4]))
        drawn.insert(2, rule.mark_text(x="width", **letters).encode(text="text:N"))
    return layer(*drawn).properties(
        description=f"Line: {title} in the residual stream through the layers, and as dots in "
        "what attention and MLP of each layer add.",
        height=300,
    )


def graph(
    nodes: pd.DataFrame, edges: pd.DataFrame, target: str, chance: float, dark: bool
) -> alt.LayerChart:
    """The parts of some layers as a graph downwards, the stream on its left.

    Nodes have the columns node, part, slot, lane, lane_name, label, chosen, and what their tooltip
    says; edges slot, lane, slot_to, lane_to, source_part, target_part, what, strength, relative.
    """
    names = nodes.drop_duplicates("lane").set_index("lane")["lane_name"].to_dict()
    last, widest = int(nodes["lane"].max()), max(4.0, nodes["slot"].max())
    across = alt.Scale(domain=[-0.6, widest + 0.6], nice=False, zero=False)
    down = alt.Scale(domain=[last + 0.5, -0.5], nice=False, zero=False)
    x = alt.X(
        "slot:Q",
        title="The stream, and the parts of a layer",
        scale=across,
        axis=alt.Axis(labels=False, ticks=False, grid=False, domain=False),
    )
    axis = alt.Axis(
        values=list(names),
        labelExpr=f"({json.dumps(names)})[datum.value]",
        labelOverlap=False,
        labelLimit=80,
        ticks=False,
        domain=False,
        gridOpacity=0.4,
    )
    y = alt.Y("lane:Q", title=None, scale=down, axis=axis)
    width = alt.Scale(domain=[0, 1], range=[0.4, 4])
    links = (
        alt.Chart(edges)
        .mark_rule(opacity=0.5)
        .encode(
            x=x,
            y=y,
            x2="slot_to:Q",
            y2="lane_to:Q",
            strokeWidth=alt.StrokeWidth("relative:Q", scale=width, legend=None),
            stroke=alt.condition("datum.strength < 0", alt.value(NEGATIVE), alt.value(BASELINE)),
            strokeDash=alt.condition("datum.strength < 0", alt.value([4, 3]), alt.value([1, 0])),
            tooltip=[
                alt.Tooltip("source_part:N", title="From"),
                alt.Tooltip("target_part:N", title="To"),
                alt.Tooltip("what:N", title="What passes"),
                alt.Tooltip("strength:Q", title="Strength", format=".4g"),
            ],
        )
    )
    # A missing number would be written as zero.
    added = "isValid(datum.adds) ? format(datum.adds, '+.3f') : 'nothing'"
    base = alt.Chart(nodes).transform_calculate(added=added).encode(x=x, y=y)
    dots = (
        base.mark_circle(size=110, opacity=1, cursor="pointer")
        .encode(
            color=ranks("rank", chance, dark, f"Rank of {target} (log scale)"),
            stroke=alt.condition("datum.chosen", alt.value(FRAME[dark]), alt.value(BASELINE)),
            strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(1)),
            tooltip=_tooltip(
                alt.Tooltip("added:N", title=_ADDS), alt.Tooltip("reads:N", title="Reads as")
            ),
        )
        .add_params(clicked("node"))
    )
    letters = {"color": LETTERS[dark], "fontSize": 10, "limit": LANE_HEIGHT + 14}
    tokens = base.mark_text(angle=270, dx=LANE_HEIGHT / 2, dy=-5, **letters)
    heads = base.mark_text(dx=12, **letters)
    return layer(
        links,
        dots,
        tokens.encode(text="label:N").transform_filter("datum.kind == 'value'"),
        heads.encode(text="label:N").transform_filter("datum.kind == 'head'"),
    ).properties(
        description="Graph: the residual stream down the left, and to its right the heads with "
        "their keys and values, the MLP and its neurons, coloured by the target's rank.",
        height=LANE_HEIGHT * (last + 1),
        **({"width": SLOT_WIDTH * widest} if widest > ROOM else {}),
    )


def _tooltip(*more: alt.Tooltip) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("part:N", title="Part"),
        alt.Tooltip("rank:Q", title="Rank of the target", format=","),
        alt.Tooltip("probability:Q", title="Probability of the target", format=".3g"),
        alt.Tooltip("norm:Q", title="Norm", format=".4g"),
        *more,
    ]
