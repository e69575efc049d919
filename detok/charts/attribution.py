"""The charts of the terms' loss attribution: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, FRAME, NEUTRAL, PART_COLORS
from detok.charts.parts import clicked, layer

_NATS = "Attribution (nats): less loss ← 0 → more loss"


def by_head(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """A bar of six parts for each head, to both sides of 0, and a diamond at their sum.

    Columns: head, order, term, attribution, total. A click on a bar selects its head as `cell`.
    """
    y = alt.Y("head:O", title="Head", axis=alt.Axis(labelFlush=False))
    first = alt.Tooltip("head:O", title="Head")
    return _stacked(table, y, [first], clicked("head"), dark).properties(
        description="Bars in a row for each head of the first layer: the attribution of each of "
        "the six terms to the loss, and their sum as a diamond.",
        height=alt.Step(26),
    )


def by_pair(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """The same for the pairs of tokens of one head.

    Columns: rank, pair (label), i, j, reversed, order, term, attribution, total. A click on a bar
    selects its i and j as `cell`.
    """
    order, axis = (
        alt.EncodingSortField("rank", op="min"),
        alt.Axis(labelLimit=180, labelFlush=False),
    )
    y = alt.Y("pair:N", sort=order, title="Token i → token j", axis=axis)
    tooltip = [
        alt.Tooltip("pair:N", title="Token i → token j"),
        alt.Tooltip("reversed:Q", title="R", format="+.3g"),
    ]
    return _stacked(table, y, tooltip, clicked("i", "j"), dark).properties(
        description="Bars in a row for each pair of tokens: the attribution of each of the six "
        "terms to the loss, and their sum as a diamond.",
        height=alt.Step(24),
    )


def _stacked(
    table: pd.DataFrame,
    y: alt.Y,
    named: list[alt.Tooltip],
    click: alt.Parameter,
    dark: bool,
) -> alt.LayerChart:
    total = alt.Tooltip("total:Q", title="Sum of the six", format="+.3g")
    x = alt.X(
        "attribution:Q",
        title=_NATS,
        stack="zero",
        axis=alt.Axis(format="~g", tickCount=7, gridOpacity=0.4),
    )
    bars = (
        alt.Chart()
        .mark_bar(cursor="pointer")
        .encode(
            y=y,
            x=x,
            order=alt.Order("order:Q"),
            color=palette.terms(table["term"]),
            tooltip=[
                *named,
                alt.Tooltip("term:N", title="Term"),
                alt.Tooltip("attribution:Q", title="Attribution", format="+.3g"),
                total,
            ],
        )
        .add_params(click)
    )
    zero = alt.Chart().mark_rule(color=BASELINE).encode(x=alt.datum(0))
    sums = (
        alt.Chart()
        .transform_filter(alt.datum.order == 0)
        .mark_point(
            shape="diamond",
            filled=True,
            opacity=1,
            size=90,
            color=FRAME[dark],
            stroke=FRAME[not dark],
        )
        .encode(y=y, x=alt.X("total:Q", title=_NATS), tooltip=[*named, total])
    )
    return layer(bars, zero, sums, data=table)


def of_head(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """Six bars that add up to a seventh; marks where finite differences put their ends.

    Columns: order, part (a term, or "sum"), value, start, end; and tried, if they were tried.
    """
    parts = table["part"].tolist()
    x = alt.X("part:N", sort=parts, title=None, axis=alt.Axis(labelAngle=0, labelFlush=False))
    title = "Attribution (nats)"
    y = alt.Y("start:Q", title=title, axis=alt.Axis(format="~g", tickCount=6))
    colors = alt.Scale(domain=parts, range=[PART_COLORS.get(part, NEUTRAL) for part in parts])
    tooltip = [
        alt.Tooltip("part:N", title="Term"),
        alt.Tooltip("value:Q", title="Attribution", format="+.4g"),
    ]
    has_tried = "tried" in table
    if has_tried:
        tooltip += [
            alt.Tooltip("tried:Q", title="By finite difference", format="+.4g"),
            alt.Tooltip("relative:Q", title="Relative difference", format=".2%"),
        ]
    color = alt.Color("part:N", scale=colors, legend=None)
    bars = alt.Chart().mark_bar().encode(x=x, y=y, y2="end:Q", color=color, tooltip=tooltip)
    values = (
        alt.Chart()
        .transform_calculate(top="max(datum.start, datum.end)")
        .mark_text(dy=-8, fontSize=11, color=palette.ink("score", dark))
        .encode(x=x, y="top:Q", text=alt.Text("value:Q", format="+.2~g"))
    )
    zero = alt.Chart().mark_rule(color=BASELINE).encode(y=alt.datum(0))
    marks = (
        alt.Chart()
        .transform_filter("isValid(datum.tried)")
        .transform_calculate(found="datum.start + datum.tried")
        .mark_tick(thickness=3, color=FRAME[dark], width=34)
        .encode(x=x, y=alt.Y("found:Q", title=title), tooltip=tooltip)
    )
    found = [zero, bars, *([marks] if has_tried else []), values]
    return layer(*found, data=table).properties(
        description="Bars, one for each of the six terms, that add up to the attribution of all "
        "scores of the head, the last bar"
        + ("; marks are finite differences." if has_tried else "."),
        height=320,
    )
