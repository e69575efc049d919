"""The charts of a pair over distances are whole, and mark where it is largest."""

import pytest

import detok
from detok.charts import distance as charts
from detok.tables import distance as tables
from tests.support.charts import assert_whole, data


@pytest.mark.parametrize("term", ["ee", "total"])
@pytest.mark.parametrize("heads", [[1], [0, 1, 2]])
def test_every_chart_is_whole(qwen2: detok.RotaryLayer, heads: list[int], term: str) -> None:
    curve = detok.distance_curve(qwen2, 70, 12, heads=heads)
    bias = detok.distance_bias(qwen2, range(1, 30), n_drawn=30)
    table = tables.curve(curve, bias, heads, term)
    drawn = charts.curve(table, "Tᵉᵉ", term == "ee").to_dict()
    assert_whole(drawn)
    assert sum(row["largest"] for row in data(drawn)) == len(heads)
    assert ("low:Q" in str(drawn) or "'field': 'low'" in str(drawn)) is (term == "ee")
    spectrum = charts.spectrum(tables.spectrum(curve, bias, heads)).to_dict()
    assert_whole(spectrum)
    assert ("facet" in spectrum) is (len(heads) > 1)
