"""The charts of the backward lens are whole, and grey where there is no gradient."""

import pytest

import detok
from detok.charts import lens as charts
from detok.charts.palette import UNKNOWN
from detok.tables import lens as tables
from tests.support.charts import assert_whole, data


@pytest.mark.parametrize("dark", [False, True])
def test_every_chart_is_whole(a_run: detok.Run, dark: bool) -> None:
    table = tables.cells(detok.backward_lens(a_run), "second").assign(chosen=False)
    for chart in (
        charts.norms(table, dark),
        charts.of_ranks(table, "least", 300, "·x", dark),
        charts.of_ranks(table, "most", 300, "·x", dark),
    ):
        spec = chart.to_dict()
        assert_whole(spec)
        assert len(data(spec)) == 27
        grey, cells, _ = spec["layer"]
        assert grey["mark"] == {"type": "rect", "color": UNKNOWN}
        assert grey["transform"] == [{"filter": "(datum.norm === 0)"}]
        assert cells["transform"] == [{"filter": "(datum.norm > 0)"}]


def test_tokens_have_their_names_where_they_fit(whole: detok.Model) -> None:
    lens = detok.backward_lens(detok.run(whole, range(16)))
    table = tables.cells(lens, "first").assign(chosen=False)
    axis = charts.norms(table).to_dict()["layer"][0]["encoding"]["x"]["axis"]
    assert table["token"].iloc[-1] in axis["labelExpr"]
    many = table.loc[table.index.repeat(3)].assign(position=range(3 * len(table)))
    axis = charts.norms(many).to_dict()["layer"][0]["encoding"]["x"]["axis"]
    assert "labelExpr" not in axis


def test_rows_are_lower_where_there_are_many_layers(a_run: detok.Run) -> None:
    table = tables.cells(detok.backward_lens(a_run), "second").assign(chosen=False)
    many = table.loc[table.index.repeat(16)].assign(layer=range(16 * len(table)))
    few, more = (charts.norms(each).to_dict()["height"]["step"] for each in (table, many))
    assert few > more >= 9
