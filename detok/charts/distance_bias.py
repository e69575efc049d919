"""The charts of what a rotary model gives to distances: a DataFrame in, an Altair chart out.

All take one head or several; several become small multiples.
"""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import MAIN, MEASURED
from detok.charts.parts import one_or_panels

_TITLE = "Distance Δ = i − j"
_LINES = "Lines over distances"


def curves(table: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """The mean of each term over distances, with its band.

    Columns: head, distance, term, mean, low, high.
    """
    tooltip = [
        alt.Tooltip("term:N", title="Term"),
        _distance(),
        alt.Tooltip("mean:Q", title="Mean", format=".3f"),
        alt.Tooltip("low:Q", title="− 1 std over pairs", format=".3f"),
        alt.Tooltip("high:Q", title="+ 1 std over pairs", format=".3f"),
    ]
    y = alt.Y("mean:Q", title="Term (unscaled)")
    parts = [
        alt.Chart().mark_area(opacity=0.2).encode(x=_x(), y=alt.Y("low:Q"), y2="high:Q"),
        alt.Chart().mark_line(strokeWidth=1.8).encode(x=_x(), y=y),
        _points().encode(x=_x(), y=y, tooltip=tooltip),
    ]
    color = palette.terms(table["term"]).legend(
        orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1
    )
    parts = [part.encode(color=color) for part in parts]
    return one_or_panels(table, parts, _LINES, "the mean of each term")


def attention(table: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Attention by the means of the terms alone, and measured with its band, over distances.

    Columns: head, distance, expected, and with texts mean, low, high.
    """
    names = {"expected": "by the means alone"}
    tooltip = [_distance(), alt.Tooltip("expected:Q", title="By the means alone", format=".2%")]
    parts = []
    if "mean" in table:
        names["mean"] = "measured, mean over texts"
        tooltip += [
            alt.Tooltip("mean:Q", title="Measured, mean", format=".2%"),
            alt.Tooltip("low:Q", title="− 1 std over texts", format=".2%"),
            alt.Tooltip("high:Q", title="+ 1 std over texts", format=".2%"),
        ]
        band = alt.Chart().mark_area(color=MEASURED, opacity=0.25)
        parts.append(band.encode(x=_x(), y=alt.Y("low:Q"), y2="high:Q"))
    colors = alt.Scale(domain=list(names.values()), range=[MAIN, MEASURED][: len(names)])
    legend = alt.Legend(orient="top", columns=1)  # a phone has no room for both in a row
    for column, name in names.items():
        y = alt.Y(f"{column}:Q", title="Attention weight", axis=alt.Axis(format="~%"))
        color = alt.Color("series:N", title="Attention", scale=colors, legend=legend)
        line = alt.Chart().mark_line(strokeWidth=1.8).transform_calculate(series=f"'{name}'")
        parts.append(line.encode(x=_x(), y=y, color=color))
    parts.append(_points().encode(x=_x(), y="expected:Q", tooltip=tooltip))
    what = f"attention, {' and '.join(names.values())}"
    return one_or_panels(table, parts, _LINES, what)


def _x() -> alt.X:
    axis = alt.Axis(tickMinStep=1, format="d")
    return alt.X("distance:Q", title=_TITLE, scale=alt.Scale(nice=False), axis=axis)


def _distance() -> alt.Tooltip:
    return alt.Tooltip("distance:Q", title=_TITLE)


def _points() -> alt.Chart:
    """Points that carry the tooltip: that of a line tells only of its first point."""
    return alt.Chart().mark_point(filled=True, size=60, opacity=0)
