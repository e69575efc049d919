"""The charts of the backward lens: a DataFrame in, an Altair chart out.

A click on a cell selects its layer and position as `cell`.
"""

import json

import altair as alt
import pandas as pd

from detok.charts.palette import FRAME, UNKNOWN, ranks, sequential
from detok.charts.parts import clicked, layer

NAMED = 40  # tokens whose names fit along a map
# Height of a map: rows are as high as they can be with so many layers.
_HEIGHT, _LEAST_ROW, _LARGEST_ROW = 420, 9, 30


def norms(table: pd.DataFrame, dark: bool = False) -> alt.LayerChart:
    """Layer × position; colour is the norm of the VJP, grey where it is 0.

    Columns: layer, position, token (label), norm, and chosen: the cell that is framed.
    """
    color = sequential("norm", largest(table)[1], dark, "Norm of the VJP")
    return _map(
        table, color.legend(orient="top", gradientLength=200, format="~g"), dark
    ).properties(
        description="Map: a row for each layer, a column for each position; colour is the norm of "
        "the gradient at the matrix's output, grey where it is 0."
    )


def largest(table: pd.DataFrame) -> list[float]:
    """The domain of the colours of norms."""
    return [0, float(table["norm"].max()) or 1.0]


def of_ranks(
    table: pd.DataFrame, end: str, vocab_size: int, target: str, dark: bool = False
) -> alt.LayerChart:
    """Layer × position; colour is the target's rank among all tokens, on a log scale.

    `end` is that of which rank 1 is, "least" or "most" probable; the column of that name, such as
    least_rank, is coloured. Other columns: those of `norms`.
    """
    title = f"Rank of {target} (1: {end} probable)"
    color = ranks(f"{end}_rank", vocab_size, dark, title, f"{vocab_size:,}")
    return _map(table, color, dark).properties(
        description="Map: a row for each layer, a column for each position; colour is the target's "
        f"rank, 1 if no token is {'less' if end == 'least' else 'more'} probable, grey where the "
        "norm is 0."
    )


def _map(table: pd.DataFrame, color: alt.Color, dark: bool) -> alt.LayerChart:
    tokens = table.drop_duplicates("position").sort_values("position")["token"].tolist()
    axis = {"ticks": False, "domain": False, "grid": False, "labelFlush": False}
    named = {}
    if len(tokens) <= NAMED:
        expression = f"({json.dumps(tokens)})[datum.value]"
        named = {"labelExpr": expression, "labelLimit": 90, "labelOverlap": False}
    base = alt.Chart().encode(
        x=alt.X(
            "position:O",
            title="Token" if named else "Position",
            axis=alt.Axis(labelAngle=-90, **axis, **named),
        ),
        y=alt.Y("layer:O", title="Layer", axis=alt.Axis(**axis)),
    )
    tooltip = [
        alt.Tooltip("layer:O", title="Layer"),
        alt.Tooltip("token:N", title="Position and token"),
        alt.Tooltip("norm:Q", title="Norm", format=".4g"),
    ]
    for end in ("least", "most"):
        if f"{end}_rank" in table:
            title = f"Rank of the target, 1: {end} probable"
            tooltip.append(alt.Tooltip(f"{end}_rank:Q", title=title, format=","))
    # Apart from the others: Vega leaves out marks whose colour would be that of no number.
    grey = base.transform_filter(alt.datum.norm == 0).mark_rect(color=UNKNOWN)
    cells = (
        base.transform_filter(alt.datum.norm > 0)
        .mark_rect(cursor="pointer")
        .encode(color=color, tooltip=tooltip)
        .add_params(clicked("layer", "position"))
    )
    frame = base.transform_filter(alt.datum.chosen).mark_rect(
        filled=False, stroke=FRAME[dark], strokeWidth=2
    )
    rows = table["layer"].nunique()
    step = min(_LARGEST_ROW, max(_LEAST_ROW, _HEIGHT // rows))
    return layer(grey.encode(tooltip=tooltip[:3]), cells, frame, data=table).properties(
        height=alt.Step(step)
    )
