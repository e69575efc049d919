"""The charts of reversed attention: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, CHOSEN, MAIN, both_sides
from detok.charts.parts import clicked, layer, map_of, map_size, token_axes, token_j

_MANY = 24  # layers, from which on their rows are lower
_NAMES = {"forward": "Norm of A", "reversed": "Norm of R"}
_SIGNED = "datum.value > 0 ? '+' + datum.label : datum.label"
_CELL = 12  # pixels of a token: a map of 26 has half of a laptop's page
_LEGEND = {"orient": "top", "gradientLength": 200, "format": ".2~g", "titleLimit": 300}


def norms(table: pd.DataFrame, column: str, dark: bool = False) -> alt.LayerChart:
    """Map of layers × heads; a click on a cell selects its layer and head as `cell`.

    Columns: layer, head, forward, reversed, share, chosen (framed); `column` is the one of forward
    and reversed that gives the colour.
    """
    x = alt.X("head:O", title="Head", axis=alt.Axis(labelAngle=0, labelFlush=False))
    y = alt.Y("layer:O", title="Layer", axis=alt.Axis(labelFlush=False))
    color = palette.sequential(column, domain(table, column)[1], dark, _NAMES[column])
    color = color.legend(**_LEGEND)
    tooltip = [
        alt.Tooltip("layer:O", title="Layer"),
        alt.Tooltip("head:O", title="Head"),
        alt.Tooltip("forward:Q", title="Norm of A", format=".3g"),
        alt.Tooltip("reversed:Q", title="Norm of R", format=".3g"),
        alt.Tooltip("share:Q", title="of the sum of norms of R", format=".1%"),
    ]
    drawn = map_of(table, ("layer", "head"), dark, x=x, y=y, color=color, tooltip=tooltip)
    step = 26 if table["layer"].nunique() < _MANY else 13
    return drawn.properties(
        description="Map: a row for each layer, a column for each head, colour is the "
        f"{_NAMES[column].replace('N', 'n')} in the head.",
        height=alt.Step(step),
    )


def pairs(table: pd.DataFrame, column: str, dark: bool = False) -> alt.LayerChart:
    """Map of A or R of one head; a click on a cell selects its i and j as `cell`.

    Columns: i, j, current and past (labels), attention, reversed, chosen (framed); `column` is the
    one of attention and reversed that gives the colour.
    """
    x, y = token_axes(table, "past")
    anchors = domain(table, column)
    if column == "attention":
        color = palette.sequential(column, anchors[1], dark, "A")
    else:
        color = palette.diverging(column, anchors, dark, "R").legend(**_LEGEND)
    tooltip = [
        alt.Tooltip("current:N", title="Current token i"),
        alt.Tooltip("past:N", title=token_j("past")),
        alt.Tooltip("attention:Q", title="A", format=".3f"),
        alt.Tooltip("reversed:Q", title="R", format="+.3g"),
    ]
    drawn = map_of(table, ("i", "j"), dark, x=x, y=y, color=color, tooltip=tooltip)
    size = map_size(table, _CELL, 200)
    what = {"attention": "attention weight", "reversed": "gradient of the loss at the score"}
    # Streamlit fits a single chart into its size, labels and legend included.
    return drawn.properties(
        description="Map of one head: rows are current tokens i, columns past tokens j, colour is "
        f"the {what[column]}.",
        width=size + 130,
        height=size + 210,
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
    )


def domain(table: pd.DataFrame, column: str) -> list[float]:
    """The domain of the colours of a map of this column.

    That of attention is of the largest weight but for row 0, which is always 1.
    """
    if column == "reversed" and "i" in table:
        return both_sides(table[column])
    counted = table[table["i"] > 0] if column == "attention" else table
    return [0, float(counted[column].max()) if len(counted) else 1.0]


def patching(table: pd.DataFrame) -> alt.LayerChart:
    """The target's probability over η, both signs; the chosen η is marked.

    Columns: eta, probability, loss, chosen.
    """
    scale = alt.Scale(type="symlog", constant=0.1)
    ticks = [-100, -10, -1, 0, 1, 10, 100]
    x = alt.X(
        "eta:Q",
        title="η, on a logarithmic scale to both sides",
        scale=scale,
        axis=alt.Axis(values=ticks, format=",d", labelExpr=_SIGNED),
    )
    y = alt.Y("probability:Q", title="p(target)", axis=alt.Axis(format="~g", tickCount=5))
    tooltip = [
        alt.Tooltip("eta:Q", title="η", format="+,~g"),
        alt.Tooltip("probability:Q", title="p(target)", format=".3g"),
        alt.Tooltip("loss:Q", title="Loss (nats)", format=".3f"),
    ]
    zero = alt.Chart().transform_filter(alt.datum.eta == 0)
    as_it_is = zero.mark_rule(color=BASELINE, strokeDash=[4, 4]).encode(y=y)
    line = alt.Chart().mark_line(color=MAIN, interpolate="monotone").encode(x=x, y=y)
    points = (
        alt.Chart()
        .mark_point(filled=True, opacity=1, color=MAIN, size=45, cursor="pointer")
        .encode(x=x, y=y, tooltip=tooltip)
        .add_params(clicked("eta"))
    )
    chosen = (
        alt.Chart()
        .transform_filter(alt.datum.chosen)
        .mark_point(filled=True, opacity=1, color=CHOSEN, size=170)
        .encode(x=x, y=y, tooltip=tooltip)
    )
    return layer(as_it_is, line, points, chosen, data=table).properties(
        description="Line: the probability of the target over η, the step that is added to the "
        "attention of all heads; dashed, as the model is.",
        height=300,
    )
