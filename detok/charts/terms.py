"""The charts of the terms of a text: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, NEUTRAL, PART_COLORS
from detok.charts.parts import (
    bare_axes,
    clicked,
    layer,
    light,
    map_size,
    panels,
    token_axes,
    token_j,
)

# Solid for terms of both i and j by kind, dashed for the mixed ones, dotted for those of j alone.
_SOLID, _DASHED, _DOTTED = [1, 0], [6, 3], [2, 2]
_DASHES = {
    **{"ee": _SOLID, "pp": _SOLID, "ep": _DASHED, "pe": _DASHED, "e": _DOTTED, "p": _DOTTED},
    **{"be": _DOTTED, "eb": _DASHED, "bb": _SOLID},  # as the terms whose colour they have
}


def contributions(table: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """A line a term over the positions on a log scale, with bands if there are intervals (Fig. 4).

    Columns: head, i, term, nats, and for one text token, for many low, high and texts. One panel a
    head if there are several (Fig. 13). A click on a line selects its head and the nearest i as
    `cell`.
    """
    x = alt.X(
        "i:Q",
        title="Position i",
        scale=alt.Scale(nice=False, zero=False),
        axis=alt.Axis(tickMinStep=1, format="d"),
    )
    scale = alt.Scale(type="log")
    several = table["head"].nunique() > 1
    title = "Nats (log scale)" if several else "Contribution (nats, log scale)"
    y = alt.Y("nats:Q", title=title, scale=scale, axis=alt.Axis(format="~g", tickCount=5))
    tooltip = [
        alt.Tooltip("term:N", title="Term"),
        alt.Tooltip("i:Q", title="Position i"),
        alt.Tooltip("nats:Q", title="Nats", format=".4g"),
    ]
    layers = []
    if "low" in table:
        tooltip += [
            alt.Tooltip("low:Q", title="95 % interval from", format=".4g"),
            alt.Tooltip("high:Q", title="to", format=".4g"),
            alt.Tooltip("texts:Q", title="Texts", format=","),
        ]
        band = alt.Chart().mark_area(opacity=0.25)
        layers.append(band.encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q"))
    else:
        tooltip.insert(2, alt.Tooltip("token:N", title="Token"))
    names = palette.in_order(table["term"])
    dashes = alt.Scale(domain=names, range=[_DASHES[name] for name in names])
    dash = alt.StrokeDash("term:N", scale=dashes, legend=None)
    layers += [
        alt.Chart().mark_line(strokeWidth=1.8).encode(x=x, y=y, strokeDash=dash),
        alt.Chart()
        .mark_point(filled=True, size=60, opacity=0, cursor="pointer")
        .encode(x=x, y=y, tooltip=tooltip)
        .add_params(clicked("head", "i")),
    ]
    color = palette.terms(table["term"]).legend(
        orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1
    )
    layered = layer(*[part.encode(color=color) for part in layers], data=table)
    what = "the contribution of each term in nats over position i"
    if not several:
        return layered.properties(description=f"Lines: {what}.", height=340)
    return panels(layered, 118, 120).properties(
        description=f"Lines in a panel for each head: {what}."
    )


def ranking(table: pd.DataFrame) -> alt.Chart:
    """A dot a term in the row of each head, by mean contribution on a log scale.

    Columns: head, rank, term, nats. A click on a dot selects its head as `cell`.
    """
    return (
        alt.Chart(table[table["nats"] > 0])
        .mark_point(filled=True, size=110, opacity=0.95, cursor="pointer")
        .encode(
            y=alt.Y("head:O", title="Head", axis=alt.Axis(labelFlush=False)),
            x=alt.X(
                "nats:Q",
                title="Mean contribution (nats, log scale)",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~g", tickCount=5, gridOpacity=0.4),
            ),
            color=palette.terms(table["term"]),
            tooltip=[
                alt.Tooltip("head:O", title="Head"),
                alt.Tooltip("rank:O", title="Rank"),
                alt.Tooltip("term:N", title="Term"),
                alt.Tooltip("nats:Q", title="Mean nats", format=".4g"),
            ],
        )
        .add_params(clicked("head"))
        .properties(
            description="Dots in a row for each head: the mean contribution of each term in nats.",
            height=alt.Step(26),
        )
    )


def maps(
    table: pd.DataFrame, dark: bool = False, *, labelled: bool = True, seen: str = "past"
) -> alt.ConcatChart:
    """Token × token maps, one a term and one for their sum, titled in the colour of the term.

    They are small where the axes are not `labelled` with the tokens. `seen` is what tokens j are.

    Columns: panel and term (in display order), i, j, current and past (labels), value (scaled) and
    centred (less its mean over the row), which gives the colour. Cells that are not `visible` are
    outlined, if there is this column. A click on a cell selects its i and j as `cell`, which
    only maps without this column invite to.
    """
    x, y = token_axes(table, seen) if labelled else bare_axes(seen)
    color = palette.around_zero(table["centred"], dark, "Term (scaled), less its row's mean")
    size = map_size(table, 16, 140) if labelled else 150
    columns = 4 if not labelled else 3 if size < 180 else 2
    mark, hidden = {"cursor": "pointer"}, {}
    if "visible" in table:
        mark = {"strokeOpacity": 0.6}
        hidden["stroke"] = alt.condition("datum.visible", alt.value(None), alt.value(NEUTRAL))
    maps = [
        alt.Chart()
        .transform_filter(alt.datum.term == term)
        .mark_rect(**mark)
        .encode(
            x=x,
            y=y,
            color=color,
            **hidden,
            tooltip=[
                alt.Tooltip("panel:N", title="Term"),
                alt.Tooltip("current:N", title="Current token i"),
                alt.Tooltip("past:N", title=token_j(seen)),
                alt.Tooltip("value:Q", title="Term (scaled)", format=".2f"),
                alt.Tooltip("centred:Q", title="Less its row's mean", format=".2f"),
            ],
        )
        .properties(
            name=f"map_{term}",
            width=size,
            height=size,
            title=alt.TitleParams(name, color=palette.ink(term, dark), anchor="start"),
        )
        for term, name in table[["term", "panel"]].drop_duplicates().itertuples(index=False)
    ]
    cell = clicked("i", "j").param
    return alt.concat(
        *map(light, maps),
        data=table,
        columns=columns,
        params=[
            alt.TopLevelSelectionParameter(
                name=cell.name, select=cell.select, views=[part.name for part in maps]
            )
        ],
    ).properties(
        description="Maps, one for each term and for their sum: rows are current tokens i, "
        f"columns {seen} tokens j, colour is the term less its mean over the row."
    )


def waterfall(table: pd.DataFrame, seen: str = "past", dark: bool = False) -> alt.FacetChart:
    """A bar a term, which add up to a score; a panel for the pair and one for its rival.

    Columns: which (token j), rival, order, part (a term, a part of ee, or "score"), value, start,
    end.
    """
    parts = table.sort_values("order")["part"].unique().tolist()
    long = any("_" in part for part in parts)
    axis = alt.Axis(
        labelAngle=-45 if long else 0,
        labelExpr="replace(datum.label, '_', ' ')",
        labelFlush=False,
    )
    x = alt.X("part:N", sort=parts, title=None, axis=axis)
    colors = alt.Scale(domain=parts, range=[PART_COLORS.get(part, NEUTRAL) for part in parts])
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("start:Q", title="Score (scaled)"),
            y2="end:Q",
            color=alt.Color("part:N", scale=colors, legend=None),
            tooltip=[
                alt.Tooltip("which:N", title=token_j(seen)),
                alt.Tooltip("part:N", title="Term"),
                alt.Tooltip("value:Q", title="Value (scaled)", format="+.3f"),
            ],
        )
    )
    values = (
        alt.Chart()
        .transform_calculate(top="max(datum.start, datum.end)")
        .mark_text(dy=-7, fontSize=11, color=palette.ink("score", dark))
        .encode(x=x, y="top:Q", text=alt.Text("value:Q", format="+.1f"))
    )
    zero = alt.Chart().mark_rule(color=BASELINE).encode(y=alt.datum(0))
    order = alt.EncodingSortField("rival", op="min")
    header = alt.Header(labelFontSize=13, labelFontWeight="bold", labelLimit=240)
    return (
        layer(zero, bars, values, data=table)
        .properties(width=max(21 * len(parts), 130), height=260)
        .facet(alt.Facet("which:N", sort=order, title=None, header=header), columns=2)
        .properties(
            description="Bars that add up to the score of the pair, one for each term, beside "
            f"those of the {seen} token with most attention otherwise."
        )
    )
