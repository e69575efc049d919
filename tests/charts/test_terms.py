"""The charts of a text's terms: valid, titled, in the colours of the terms, and selectable."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import pytest

import detok
from detok.charts import terms as charts
from detok.charts.palette import TERM_COLORS
from detok.tables import terms as tables

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(
    params=[
        "one head",
        "all heads",
        "averages",
        "ranking",
        "maps",
        "bare maps",
        "attention",
        "attention of all heads",
        "row",
        "waterfall",
    ]
)
def chart(request: pytest.FixtureRequest, layer: detok.Layer) -> alt.TopLevelMixin:
    found = tables.per_position(layer, IDS, detok.contributions(layer, IDS))
    one = found[found["head"] == 0]
    over = tables.averaged(detok.mean_contributions(layer, [IDS, IDS[:3]]))
    terms = detok.terms(layer, IDS, heads=1)
    dropped = detok.ablate(terms, ["pp"])
    maps = tables.maps(layer, IDS, terms, range(7))
    attention = tables.attention_map(layer, IDS, dropped, [1], range(7))
    both = tables.attention_map(
        layer, IDS, detok.ablate(detok.terms(layer, IDS), []), [0, 1], range(7)
    )
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    make = {
        "one head": lambda: charts.contributions(tables.drawn(one).table),
        "all heads": lambda: charts.contributions(tables.drawn(found).table),
        "averages": lambda: charts.contributions(tables.drawn(over).table),
        "ranking": lambda: charts.ranking(tables.ranking(found)),
        "maps": lambda: charts.maps(maps),
        "bare maps": lambda: charts.maps(maps, dark=True, labelled=False),
        "attention": lambda: charts.attention(attention, "left", chosen=(5, 2)),
        "attention of all heads": lambda: charts.attention_heads(both, dark=True),
        "row": lambda: charts.row(tables.row(layer, IDS, dropped, 5)),
        "waterfall": lambda: charts.waterfall(tables.waterfall(layer, IDS, pair)),
    }
    return make[request.param]()


def encodings(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of a chart's parts, however deep."""
    if "encoding" in spec:
        yield spec["encoding"]
    for part in [*spec.get("layer", []), *spec.get("concat", []), spec.get("spec", {})]:
        yield from encodings(part) if part else ()


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
        assert title["color"] == TERM_COLORS.get(term, title["color"])


def test_a_click_selects_i_and_j(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS, heads=0), [])
    table = tables.attention_map(layer, IDS, ablation, [0], range(7))
    [param] = charts.attention(table, "left").to_dict()["params"]
    assert param["name"] == "cell"
    assert param["select"]["fields"] == ["i", "j"]


def test_the_weight_of_row_0_does_not_set_the_scale(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS, heads=0), [])
    table = tables.attention_map(layer, IDS, ablation, [0], range(7))
    cells = charts.attention(table, "left").to_dict()["layer"][0]
    domain = cells["encoding"]["color"]["scale"]["domain"]
    assert domain == [0, table.loc[table["i"] > 0, "full"].max()]
    single = charts.attention(table[table["i"] == 0], "left").to_dict()["layer"][0]
    assert single["encoding"]["color"]["scale"]["domain"] == [0, 1]
