"""The charts of token affinity are whole and show what their tables hold."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.charts import affinity as charts
from detok.counting.in_memory import count_ids
from detok.tables import affinity as tables
from tests.support.charts import data, encodings

IDS = [70, 12, 250, 12, 9]


@pytest.fixture(scope="module")
def best(layer: detok.Layer) -> pd.DataFrame:
    counts = count_ids(np.array([*IDS, 3, 70, 70]), layer.vocab_size)
    return tables.with_counts(detok.affinity(layer, 70, k=8), layer, 70, "past", counts)


@pytest.mark.parametrize("name", ["bars", "bars by head", "ranks", "heat map", "heat maps"])
def test_every_chart_has_axis_titles_and_tooltips(
    layer: detok.Layer, best: pd.DataFrame, name: str
) -> None:
    make = {
        "bars": lambda: charts.bars(best[best["head"] == 0]),
        "bars by head": lambda: charts.bars(best),
        "ranks": lambda: charts.piece_ranks(
            tables.piece_ranks(layer, IDS, [0] * 5), layer.vocab_size
        ),
        "heat map": lambda: charts.pairs(tables.pairs(layer, IDS, [1])),
        "heat maps": lambda: charts.pairs(tables.pairs(layer, IDS, [0, 1])),
    }
    spec = make[name]().to_dict()
    first = next(encodings(spec))
    assert first["tooltip"]
    assert first["x"]["title"]
    # The panels of bars have the tokens themselves on that axis and no room for a title.
    assert first["y"]["title"] or "spec" in spec
    assert len(data(spec)) > 0


def test_bars_tell_known_pairs_from_unknown_ones(best: pd.DataFrame) -> None:
    spec = charts.bars(best).to_dict()
    assert {row["known"] for row in data(spec)} == set(best["known"])
    without = charts.bars(best.drop(columns=["count", "known"])).to_dict()
    assert "count" not in str(without["spec"]["encoding"]["tooltip"])


def test_diverging_scales_are_centred_at_zero(layer: detok.Layer) -> None:
    pairs = tables.pairs(layer, IDS, [0])
    scale = charts.pairs(pairs).to_dict()["encoding"]["color"]["scale"]
    low, middle, high = scale["domain"]
    assert (low, middle) == (-high, 0)
    assert high == pytest.approx(pairs["score"].abs().max())
