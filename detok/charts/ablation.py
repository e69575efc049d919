"""The charts of a text's attention with and without some terms: a DataFrame in, a chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, DROPPED
from detok.charts.parts import (
    bare_axes,
    clicked,
    in_pairs,
    map_of,
    map_size,
    panels,
    token_axes,
    token_j,
)


def attention(
    table: pd.DataFrame,
    column: str,
    dark: bool = False,
    seen: str = "past",
) -> alt.LayerChart:
    """Token × token attention of one head; a click on a cell selects its i and j as `cell`.

    Columns: i, j, current and past (labels), full and left (weights); `column` is the one of these
    two that gives the colour, on a scale that both share. `seen` is what tokens j are. The cell
    that is `chosen` is framed, if there is this column.
    """
    x, y = token_axes(table, seen)
    size = map_size(table, 16, 200)
    color = palette.sequential(column, shares(table)[1], dark, "Attention weight")
    drawn = map_of(table, ("i", "j"), dark, x=x, y=y, color=color, tooltip=_tooltip(seen))
    # Streamlit fits a single chart into its size, labels and legend included.
    return drawn.properties(
        description="Map of one head's attention: rows are current tokens i, columns "
        f"{seen} tokens j, colour is the attention weight.",
        width=size + 130,
        height=size + 210,
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
    )


def heads(table: pd.DataFrame, dark: bool = False, seen: str = "past") -> alt.FacetChart:
    """Small attention maps, one a head. Columns as of `attention`, and head.

    A click on a cell selects its head, i and j as `cell`.
    """
    x, y = bare_axes(seen)
    cells = (
        alt.Chart(table)
        .mark_rect(cursor="pointer")
        .encode(
            x=x,
            y=y,
            color=palette.sequential("left", shares(table)[1], dark, "Attention weight"),
            tooltip=[alt.Tooltip("head:O", title="Head"), *_tooltip(seen)],
        )
        .add_params(clicked("head", "i", "j"))
    )
    return panels(cells, 172, 172).properties(
        description="Maps of attention, one a head: rows are current tokens i, columns "
        f"{seen} tokens j, colour is the attention weight."
    )


def shares(table: pd.DataFrame) -> list[float]:
    """The domain of the colours of such maps: from 0 to the largest weight.

    With or without the dropped terms, but for a row 0 that is always 1.
    """
    weights = table[["full", "left"]].to_numpy()
    first = table["i"].to_numpy() == 0
    if not table["j"].to_numpy()[first].any():
        weights = weights[~first]
    return [0, float(weights.max(initial=0.0)) or 1.0]


def _tooltip(seen: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("current:N", title="Current token i"),
        alt.Tooltip("past:N", title=token_j(seen)),
        alt.Tooltip("full:Q", title="Attention of the model", format=".3f"),
        alt.Tooltip("left:Q", title="without the dropped terms", format=".3f"),
    ]


def row(table: pd.DataFrame, seen: str = "past") -> alt.Chart:
    """The attention of one row with and without the dropped terms, side by side.

    Columns: j, past (label), attention ("full", "left"), weight.
    """
    names = {"full": "of the model", "left": "without the dropped terms"}
    color = alt.Color(
        "attention:N",
        title="Attention",
        scale=alt.Scale(domain=list(names), range=[BASELINE, DROPPED]),
        legend=alt.Legend(orient="top", labelExpr=f"({names!r})[datum.value]"),
    )
    bars = in_pairs(table, "attention", list(names), color, "Attention", seen)
    return (
        bars.mark_bar(cursor="pointer")
        .add_params(clicked("j"))
        .properties(
            description=f"Bars: the attention of one token to each {seen} token j, of the model "
            "and without the dropped terms."
        )
    )
