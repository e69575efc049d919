"""The charts of the terms' attribution: valid, in the colours of the terms, bars that add up."""

import altair as alt
import pytest

import detok
from detok.charts import attribution as charts
from detok.charts.palette import TERM_COLORS
from detok.tables import attribution as tables
from tests.support.charts import assert_whole, encodings


@pytest.fixture(scope="module", params=["by head", "of head", "tried", "by pair"])
def chart(request: pytest.FixtureRequest, first: detok.Layer, a_run: detok.Run) -> alt.LayerChart:
    by_head = tables.by_head(detok.term_attribution(a_run, first))
    of_head = tables.of_head(by_head, 1)
    make = {
        "by head": lambda: charts.by_head(by_head),
        "of head": lambda: charts.of_head(of_head, dark=True),
        "tried": lambda: charts.of_head(tables.tried(of_head, a_run, first, 1)),
        "by pair": lambda: charts.by_pair(tables.carriers(tables.by_pair(first, a_run, 1))),
    }
    return make[request.param]()


def test_it_is_whole(chart: alt.LayerChart) -> None:
    spec = chart.to_dict()
    found = list(encodings(spec))
    assert any(e.get("tooltip") for e in found)
    assert any(e.get("y", {}).get("title") for e in found)
    assert all(spec["datasets"].values())
    assert len(spec["description"].split()) > 3


def test_a_term_has_its_colour(chart: alt.LayerChart) -> None:
    scales = [e["color"]["scale"] for e in encodings(chart.to_dict()) if "color" in e]
    for scale in scales:
        named = dict(zip(scale["domain"], scale["range"], strict=True))
        assert TERM_COLORS.items() <= named.items()
    assert scales


def test_the_diamond_of_a_bar_is_drawn_once(first: detok.Layer, a_run: detok.Run) -> None:
    spec = charts.by_head(tables.by_head(detok.term_attribution(a_run, first))).to_dict()
    assert_whole(spec)
    bars, _, sums = spec["layer"]
    assert bars["encoding"]["x"]["stack"] == "zero"
    assert sums["transform"] == [{"filter": "(datum.order === 0)"}]
    assert sums["encoding"]["x"]["field"] == "total"


def test_marks_are_there_only_if_they_were_tried(first: detok.Layer, a_run: detok.Run) -> None:
    table = tables.of_head(tables.by_head(detok.term_attribution(a_run, first)), 0)
    bare = charts.of_head(table).to_dict()
    tried = charts.of_head(tables.tried(table, a_run, first, 0)).to_dict()
    assert len(tried["layer"]) == len(bare["layer"]) + 1
    assert "tick" in {part["mark"]["type"] for part in tried["layer"]}
    assert "finite" not in bare["description"]
