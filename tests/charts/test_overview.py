"""The chart of training."""

import pandas as pd
import pytest

import detok
from detok.charts import overview as charts
from detok.tables import terms as tables
from tests.support.charts import assert_whole, data


def test_the_untrained_model_is_left_out_of_a_log_scale() -> None:
    history = pd.DataFrame({"tokens": [0, 10], "head": 0, "held_out_loss": 2.0, "auroc": 0.5})
    spec = charts.emergence(history, "auroc", "AUROC", ".2f").to_dict()
    assert_whole(spec)
    assert [row["tokens"] for row in data(spec)] == [10]


IDS = [70, 12, 250, 12]


@pytest.mark.parametrize("framed", [None, (2, 1)])
def test_the_map_has_the_tokens_on_its_axes_and_a_frame(
    layer: detok.Layer, framed: tuple[int, int] | None
) -> None:
    maps = tables.maps(layer, IDS, detok.terms(layer, IDS, heads=1), range(4))
    spec = charts.score_map(maps[maps["term"] == "ee"], "ee", framed=framed).to_dict()
    cells, frame = spec["layer"]
    labels = [f"{t} {layer.tokenizer.show(token)}" for t, token in enumerate(IDS)]
    assert cells["encoding"]["x"]["sort"] == cells["encoding"]["y"]["sort"] == labels
    assert "replace(datum.label" in cells["encoding"]["x"]["axis"]["labelExpr"]
    assert cells["encoding"]["tooltip"]
    low, middle, high = cells["encoding"]["color"]["scale"]["domain"]
    assert (low, middle) == (-high, 0)
    test = frame["transform"][0]["filter"]
    i, j = framed or (-1, -1)
    assert test == f"((datum.i === {i}) && (datum.j === {j}))"
    assert len(data(spec)) == 10
