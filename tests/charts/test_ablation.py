"""The charts of attention without some terms: whole, selectable, on a scale of their own."""

import pytest

import detok
from detok.charts import ablation as charts
from detok.tables import ablation as tables
from tests.support.charts import assert_whole

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.mark.parametrize("name", ["attention", "heads", "row"])
def test_every_chart_is_whole(layer: detok.Layer, name: str) -> None:
    one = detok.ablate(detok.terms(layer, IDS, heads=1), ["pp"])
    both = detok.ablate(detok.terms(layer, IDS), [])
    attention = tables.attention(layer, IDS, one, [1], range(7))
    make = {
        "attention": lambda: charts.attention(attention.assign(chosen=attention["j"] == 2), "left"),
        "heads": lambda: charts.heads(
            tables.attention(layer, IDS, both, [0, 1], range(7)), dark=True
        ),
        "row": lambda: charts.row(tables.row(layer, IDS, one, 5)),
    }
    assert_whole(make[name]().to_dict())


def test_a_click_selects_i_and_j(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS, heads=0), [])
    table = tables.attention(layer, IDS, ablation, [0], range(7))
    [param] = charts.attention(table, "left").to_dict()["params"]
    assert param["name"] == "cell"
    assert param["select"]["fields"] == ["i", "j"]


def test_the_weight_of_row_0_does_not_set_the_scale(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS, heads=0), [])
    table = tables.attention(layer, IDS, ablation, [0], range(7))
    cells = charts.attention(table, "left").to_dict()["layer"][0]
    domain = cells["encoding"]["color"]["scale"]["domain"]
    assert domain == [0, table.loc[table["i"] > 0, "full"].max()]
    single = charts.attention(table[table["i"] == 0], "left").to_dict()["layer"][0]
    assert single["encoding"]["color"]["scale"]["domain"] == [0, 1]


def test_without_a_mask_row_0_sets_the_scale_too(both_ways: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(both_ways, IDS, heads=0), [])
    table = tables.attention(both_ways, IDS, ablation, [0], range(7))
    spec = charts.attention(table, "left", seen="attended").to_dict()
    cells = spec["layer"][0]["encoding"]
    assert cells["color"]["scale"]["domain"] == [0, table["full"].max()]
    assert cells["x"]["title"] == "Attended token j"
