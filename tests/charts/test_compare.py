"""The charts of two heads: valid, titled, both maps on one scale and the difference around zero."""

import altair as alt
import pytest

import detok
from detok.charts import compare as charts
from detok.scores.compare import Split, shared
from detok.tables import compare as tables, compare_heads, compare_lists
from detok.tables.compare import Side
from tests.support.charts import assert_whole, encodings

IDS = [70, 12, 250, 12, 9, 9, 31]


def cells(layer: detok.Layer, what: str) -> list:
    text = shared(Split(IDS, IDS, 99), Split(IDS, IDS, 99), True)
    sides = Side("left", layer, 0), Side("right", layer, 1)
    return tables.cells(tables.maps(*sides, text, "", what), 0, 7)


@pytest.fixture(params=["map", "difference", "ranks map", "row", "lists", "heads"])
def chart(request: pytest.FixtureRequest, layer: detok.Layer) -> alt.TopLevelMixin:
    sides = Side("left", layer, 0), Side("right", layer, 1)
    text = shared(Split(IDS, IDS, 99), Split(IDS, IDS, 99), True)
    attention = tables.maps(*sides, text, "", tables.ATTENTION)
    common = compare_lists.tokens_in_both(layer, layer)
    (table,) = cells(layer, "ee")
    heads = compare_heads.measured(
        compare_heads.every(*sides, [compare_heads.heads(layer, 3)]), "near"
    )
    make = {
        "map": lambda: charts.side(table, "left", "ee", 2.0, chosen=(3, 1)),
        "difference": lambda: charts.difference(table, "ee", True),
        "ranks map": lambda: charts.side(cells(layer, "rank")[0], "right", "rank", 7.0),
        "row": lambda: charts.row(tables.row(attention, 5)),
        "lists": lambda: charts.ranks(
            compare_lists.listed(compare_lists.lists(*sides, (70, 70), 9, "past", common)), 300
        ),
        "heads": lambda: charts.heads(heads, "Nearest 5", log=True),
    }
    return make[request.param]()


def test_every_chart_has_titles_tooltips_and_data(chart: alt.TopLevelMixin) -> None:
    spec = chart.to_dict()
    if "Nearest 5" in str(spec):  # its rows are models, each with its name
        assert any(e.get("tooltip") for e in encodings(spec))
        return
    assert_whole(spec)


def color(chart: alt.TopLevelMixin) -> dict:
    return next(e["color"] for e in encodings(chart.to_dict()) if "color" in e)


@pytest.mark.parametrize("what", [tables.ATTENTION, tables.RANK, tables.SUM, *detok.TERMS])
def test_both_maps_are_on_one_scale(layer: detok.Layer, what: str) -> None:
    found = cells(layer, what)
    most = tables.extent(found)
    left, right = (color(charts.side(found[0], side, what, most)) for side in ("left", "right"))
    assert left["scale"] == right["scale"]
    assert left["scale"]["domain"][-1] == most
    assert (left["field"], right["field"]) == ("left", "right")


def test_the_difference_is_around_zero(layer: detok.Layer) -> None:
    (table,) = cells(layer, "ee")
    low, zero, high = color(charts.difference(table, "ee"))["scale"]["domain"]
    assert (zero, low) == (0, -high)
    assert high == table["difference"].abs().max()


def test_a_side_has_one_colour(layer: detok.Layer) -> None:
    sides = Side("left", layer, 0), Side("right", layer, 1)
    text = shared(Split(IDS, IDS, 99), Split(IDS, IDS, 99), True)
    row = charts.row(tables.row(tables.maps(*sides, text, "", tables.ATTENTION), 5))
    heads = charts.heads(
        compare_heads.measured(
            compare_heads.every(*sides, [compare_heads.heads(layer, 3)]), "near"
        ),
        "Nearest 5",
    )
    of = [
        dict(zip(*map(color(c)["scale"].get, ("domain", "range")), strict=True))
        for c in (row, heads)
    ]
    for side in ("left", "right"):
        assert of[0][side] == of[1][side]
