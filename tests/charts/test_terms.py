"""The charts of a text's terms: valid, titled, and in the colours of the terms."""

import altair as alt
import pytest

import detok
from detok.charts import palette, terms as charts
from detok.charts.palette import TERM_COLORS
from detok.tables import terms as tables
from tests.support.charts import encodings

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(
    params=[
        "one head",
        "all heads",
        "averages",
        "ranking",
        "maps",
        "bare maps",
        "waterfall",
        "split maps",
        "split waterfall",
    ]
)
def chart(request: pytest.FixtureRequest, layer: detok.Layer) -> alt.TopLevelMixin:
    nats = tables.per_position(layer, IDS, detok.contributions(layer, IDS))
    one = nats[nats["head"] == 0]
    over = tables.averaged(detok.mean_contributions(layer, [IDS, IDS[:3]]))
    terms = detok.terms(layer, IDS, heads=1)
    maps = tables.maps(layer, IDS, terms, range(7))
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    query = detok.shared_query(layer)
    split = tables.maps(layer, IDS, detok.split_ee(layer, IDS, query, heads=1), range(7))
    split_pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1, query=query)
    make = {
        "one head": lambda: charts.contributions(tables.drawn(one).table),
        "all heads": lambda: charts.contributions(tables.drawn(nats).table),
        "averages": lambda: charts.contributions(tables.drawn(over).table),
        "ranking": lambda: charts.ranking(tables.ranking(nats)),
        "maps": lambda: charts.maps(maps),
        "bare maps": lambda: charts.maps(maps, dark=True, labelled=False),
        "waterfall": lambda: charts.waterfall(tables.waterfall(layer, IDS, pair)),
        "split maps": lambda: charts.maps(split),
        "split waterfall": lambda: charts.waterfall(tables.waterfall(layer, IDS, split_pair)),
    }
    return make[request.param]()


def test_every_chart_has_titles_tooltips_and_data(chart: alt.TopLevelMixin) -> None:
    spec = chart.to_dict()
    found = list(encodings(spec))
    assert any(e.get("tooltip") for e in found)
    assert any(e.get("y", {}).get("title") for e in found)
    assert all(spec["datasets"].values())


def test_a_term_has_the_same_colour_everywhere(chart: alt.TopLevelMixin) -> None:
    """Wherever a scale has the terms, and in the titles of their maps."""
    spec = chart.to_dict()
    for encoding in encodings(spec):
        scale = encoding.get("color", {}).get("scale", {})
        named = dict(zip(map(str, scale.get("domain", [])), scale.get("range", []), strict=False))
        for term in named.keys() & TERM_COLORS.keys():
            assert named[term] == TERM_COLORS[term]
    for panel in spec.get("concat", []):
        title = panel["title"]
        term = title["text"].split(" ")[0]
        assert title["color"] in {palette.ink(term, dark) for dark in (False, True)}


def test_every_part_of_ee_has_a_bar(layer: detok.Layer) -> None:
    query = detok.shared_query(layer)
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1, query=query)
    spec = charts.waterfall(tables.waterfall(layer, IDS, pair)).to_dict()
    scale = next(e["color"]["scale"] for e in encodings(spec) if "scale" in e.get("color", {}))
    assert scale["domain"] == [*pair.chosen.parts, "score"]
    assert scale["range"][0] == scale["range"][1] == TERM_COLORS["ee"]
