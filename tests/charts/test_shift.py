"""The charts of the forward-pass shift are whole."""

import detok
from detok.charts import shift as charts
from detok.tables import shift as tables
from tests.support.charts import assert_whole


def test_every_chart_is_whole(a_run: detok.Run) -> None:
    curve = tables.curve(a_run, 1, 0).assign(chosen=False)
    labels = {"target": "·x “quoted\\", "rival": "it's", "control": "random"}
    assert_whole(charts.curve(curve, labels).to_dict())
    assert_whole(charts.by_layer(tables.by_layer(a_run, 0.1).assign(chosen=False)).to_dict())


def test_only_lines_that_there_are(a_run: detok.Run) -> None:
    curve = tables.curve(a_run, 1, 0).assign(chosen=False)
    alone = charts.curve(curve[curve["line"] == "target"], {"target": "x"}).to_dict()
    assert alone["layer"][0]["encoding"]["color"]["scale"]["domain"] == ["target"]
