"""The charts of reversed attention: valid, titled, and with clicks that tell what was clicked."""

import altair as alt
import pandas as pd
import pytest

import detok
from detok.charts import reversed as charts
from detok.charts.palette import both_sides
from detok.tables import reversed as tables
from tests.support.charts import assert_whole, encodings

CHARTS = ["forward", "reverse", "attention", "gradient", "patching", "one token"]


@pytest.fixture(scope="module", params=CHARTS)
def chart(request: pytest.FixtureRequest, first: detok.Layer, a_run: detok.Run) -> alt.LayerChart:
    found = detok.reversed_attention(a_run)
    norms = tables.norms(found).assign(chosen=False)
    pairs = tables.pairs(first, a_run, found, 0, 1).assign(chosen=False)
    pairs.loc[3, "chosen"] = True
    patched = detok.patched(a_run.model, a_run.ids, found, tables.ETAS)
    curve = tables.patching(patched, a_run.target)
    one = detok.run(a_run.model, [5])
    alone = tables.pairs(first, one, detok.reversed_attention(one), 0, 0).assign(chosen=True)
    make = {
        "forward": lambda: charts.norms(norms, "forward"),
        "reverse": lambda: charts.norms(norms, "reversed", dark=True),
        "attention": lambda: charts.pairs(pairs, "attention"),
        "gradient": lambda: charts.pairs(pairs, "reversed", dark=True),
        "patching": lambda: charts.patching(curve.assign(chosen=curve["eta"] == 1)),
        "one token": lambda: charts.pairs(alone, "reversed"),
    }
    return make[request.param]()


def test_it_is_whole_and_can_be_clicked(chart: alt.LayerChart) -> None:
    spec = chart.to_dict()
    assert_whole(spec)
    assert len(spec["description"].split()) > 3
    (cell,) = spec["params"]
    assert cell["select"]["fields"] in (["layer", "head"], ["i", "j"], ["eta"])


def test_zero_is_in_the_middle_of_the_colours_of_R(first: detok.Layer, a_run: detok.Run) -> None:
    found = detok.reversed_attention(a_run)
    table = tables.pairs(first, a_run, found, 0, 1).assign(chosen=False)
    low, middle, high = charts.domain(table, "reversed")
    assert (low, middle, high) == tuple(both_sides(table["reversed"]))
    assert middle == 0
    assert -low == high == table["reversed"].abs().max()
    spec = charts.pairs(table, "reversed").to_dict()
    scales = [e["color"]["scale"] for e in encodings(spec) if "scale" in e.get("color", {})]
    assert scales[0]["domain"] == [low, middle, high]
    # Row 0 has only itself to attend to, and is not what the colours of A are for.
    others = table.loc[table["i"] > 0, "attention"]
    assert charts.domain(table, "attention") == [0, others.max()]


@pytest.mark.parametrize("layers", [1, 48])
def test_many_layers_take_less_height_each(layers: int) -> None:
    table = pd.DataFrame({"layer": range(layers), "head": 0})
    table = table.assign(forward=1.0, reversed=0.0, share=0.0, chosen=False)
    spec = charts.norms(table, "reversed").to_dict()
    assert spec["height"]["step"] * layers < 700
