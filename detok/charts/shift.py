"""The charts of the forward-pass shift: a DataFrame in, an Altair chart out."""

import json

import altair as alt
import pandas as pd

from detok.charts.palette import BASELINE, CHOSEN, CONTRAST, MAIN
from detok.charts.parts import clicked, layer

_COLORS = {"target": MAIN, "rival": CONTRAST, "control": BASELINE}
_AFTER = "Probability after the shift"


def curve(table: pd.DataFrame, labels: dict[str, str]) -> alt.LayerChart:
    """Probabilities over η on a log scale, a line each; those before are dashed.

    Columns: line, eta, before, after, and chosen: the η that is marked. `labels` name the lines. A
    click on a point selects its eta as `cell`.
    """
    lines = [line for line in _COLORS if line in set(table["line"])]
    scale = alt.Scale(domain=lines, range=[_COLORS[line] for line in lines])
    legend = alt.Legend(
        orient="top",
        columns=1,
        labelLimit=340,
        labelExpr=f"({json.dumps(labels)})[datum.value]",
        symbolType="stroke",
        symbolStrokeWidth=3,
        symbolOpacity=1,
    )
    base = alt.Chart().encode(color=alt.Color("line:N", title=None, scale=scale, legend=legend))
    x = alt.X("eta:Q", title="η (log scale)", scale=alt.Scale(type="log", nice=False))
    x = x.axis(format="~g", tickCount=5)
    y = alt.Y("after:Q", title=_AFTER, axis=alt.Axis(format="~%"))
    tooltip = [
        alt.Tooltip("eta:Q", title="η", format="~g"),
        alt.Tooltip("before:Q", title="Before", format=".4g"),
        alt.Tooltip("after:Q", title="After", format=".4g"),
    ]
    before = base.transform_filter(alt.datum.line != "control").mark_line(
        strokeDash=[4, 4], strokeWidth=1.2, opacity=0.8
    )
    drawn = base.mark_line(strokeWidth=1.8).encode(x=x, y=y)
    points = (
        base.mark_point(filled=True, size=45, opacity=0.9, cursor="pointer")
        .encode(x=x, y=y, tooltip=tooltip)
        .add_params(clicked("eta"))
    )
    chosen = alt.Chart().transform_filter(alt.datum.chosen).mark_rule(color=CHOSEN, strokeWidth=1.5)
    return layer(
        before.encode(x=x, y=alt.Y("before:Q", title=_AFTER)),
        chosen.encode(x=x),
        drawn,
        points,
        data=table,
    ).properties(
        description="Lines over η: the probability of the target after the shift, of the token "
        "that was the most probable otherwise, and of the target after a shift towards a random "
        "token; dashed lines are probabilities before.",
        height=320,
    )


def by_layer(table: pd.DataFrame) -> alt.LayerChart:
    """The target's probability once each layer is shifted by itself; a dashed line is before.

    Columns: layer, before, after, and chosen: the layer of the curve. A click on a bar selects its
    layer as `cell`.
    """
    color = alt.condition(alt.datum.chosen, alt.value(CHOSEN), alt.value(MAIN))
    bars = (
        alt.Chart()
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("layer:O", title="Layer", axis=alt.Axis(labelAngle=0, labelFlush=False)),
            y=alt.Y("after:Q", title=_AFTER, axis=alt.Axis(format="~%")),
            color=color,
            tooltip=[
                alt.Tooltip("layer:O", title="Layer"),
                alt.Tooltip("before:Q", title="Before", format=".4g"),
                alt.Tooltip("after:Q", title="After", format=".4g"),
            ],
        )
        .add_params(clicked("layer"))
    )
    before = (
        alt.Chart()
        .transform_aggregate(before="max(before)")
        .mark_rule(strokeDash=[4, 4], strokeWidth=2, color=BASELINE)
        .encode(y=alt.Y("before:Q", title=_AFTER))
    )
    return layer(bars, before, data=table).properties(
        description="Bars: the target's probability after the shift of each layer by itself; the "
        "dashed line is its probability before.",
        height=320,
    )
