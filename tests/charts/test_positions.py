"""The charts of the positional bias are whole, with LayerNorm and without, for one head or all."""

from typing import Any

import pandas as pd
import pytest

import detok
from detok.charts import positions as charts
from detok.tables import positions as tables
from tests.support.charts import assert_whole


def layers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return spec["layer"] if "layer" in spec else spec["spec"]["layer"]


@pytest.mark.parametrize("layernorm", [True, False])
@pytest.mark.parametrize("head", [None, 1])
def test_every_chart_is_whole(layer: detok.Layer, head: int | None, layernorm: bool) -> None:
    bias = detok.position_bias(layer, 9, layernorm=layernorm)
    measured = detok.mean_attention(layer, [range(16)], 9) if layernorm else None
    curves = tables.drawn(tables.curves(bias), layer, 9, head, True)
    attention = tables.drawn(tables.attention(bias, measured), layer, 9, head, True)
    figures = [
        charts.self_assertion(curves, 9),
        charts.comparison(curves, 9),
        charts.total(curves, 9),
        charts.attention(attention, 9),
        charts.attention(attention, 9, points=True),
    ]
    for figure in figures[:2]:
        areas = [layer for layer in layers(figure.to_dict()) if layer["mark"]["type"] == "area"]
        assert len(areas) == (2 if layernorm else 0)
    for figure in figures:
        spec = figure.to_dict()
        assert_whole(spec)
        assert ("facet" in spec) is (head is None)
        if head is None:
            assert spec["facet"]["field"] == "head"


def test_tooltips_of_a_long_curve_are_of_some_positions() -> None:
    """Of no more than are told apart; a short curve has all."""
    for n in (7, charts.MAX_POINTS, 1024, 2000):
        table = pd.DataFrame({"head": 0, "j": range(n), "p": 0.0, "pp": 1.0, "total": 1.0})
        *_, points = layers(charts.total(table, 3).to_dict())
        assert points["mark"]["type"] == "point"
        kept = table
        for transform in points.get("transform", ()):
            kept = kept[kept.eval(transform["filter"].replace("datum.", ""))]
        most = charts.MAX_POINTS
        assert len(kept) == n if n <= most else most / 2 < len(kept) <= most
