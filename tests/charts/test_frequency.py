"""The charts of token frequency: a log axis, a trend, and a panel a head."""

import detok
from detok.charts import frequency as charts
from detok.counting.counts import Counts
from detok.tables import common, frequency as tables
from tests.support.charts import assert_whole, data


def test_a_measure_with_its_trend(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    trend = common.sampled(tables.with_trend(table, "variance"), layer)
    spec = charts.against_count(trend, "Var(e)").to_dict()
    assert_whole(spec)
    points, line = (part["encoding"] for part in spec["layer"])
    assert points["x"]["scale"]["type"] == "log"
    assert (points["y"]["field"], line["y"]["field"]) == ("value", "trend")
    assert points["y"]["title"] == "Var(e)"


def test_a_panel_a_head(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    drawn = common.sampled(tables.seen(table), layer, 90)
    spec = charts.by_head(tables.by_head(drawn)).to_dict()
    rows = data(spec)
    assert len(rows) == 2 * 90
    assert {row["head"] for row in rows} == {0, 1}
    assert spec["facet"]["title"] == "Tᵉ (unscaled)"
    assert spec["spec"]["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["spec"]["encoding"]["tooltip"]
