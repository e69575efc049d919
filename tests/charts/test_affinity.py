"""Each chart is valid Vega-Lite with axis titles and tooltips, and shows what its table holds."""

from collections.abc import Iterator
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest

import detok
from detok.charts import affinity as affinity_charts, overview as overview_charts
from detok.counting.in_memory import count_ids
from detok.tables import affinity as tables

IDS = [70, 12, 250, 12, 9]


def marks(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a chart that have an encoding of their own."""
    for part in [spec, *spec.get("layer", []), *([spec["spec"]] if "spec" in spec else [])]:
        if "encoding" in part:
            yield part


def data(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return next(iter(spec["datasets"].values()))


@pytest.fixture(scope="module")
def found(layer: detok.Layer) -> pd.DataFrame:
    counts = count_ids(np.array([*IDS, 3, 70, 70]), layer.vocab_size)
    return tables.with_counts(detok.affinity(layer, 70, k=8), layer, 70, "past", counts)


@pytest.fixture(params=["bars", "bars by head", "ranks", "heat map", "heat maps", "emergence"])
def chart(request: pytest.FixtureRequest, layer: detok.Layer, found: pd.DataFrame) -> alt.Chart:
    emergence = pd.DataFrame({"tokens": [0, 10, 100], "head": 0, "held_out_loss": 2.0, "auroc": 1})
    make = {
        "bars": lambda: affinity_charts.bars(found[found["head"] == 0]),
        "bars by head": lambda: affinity_charts.bars(found),
        "ranks": lambda: affinity_charts.piece_ranks(
            tables.piece_ranks(layer, IDS), layer.vocab_size
        ),
        "heat map": lambda: affinity_charts.pairs(tables.pairs(layer, IDS, [1])),
        "heat maps": lambda: affinity_charts.pairs(tables.pairs(layer, IDS, [0, 1])),
        "emergence": lambda: overview_charts.emergence(emergence, "auroc", "AUROC", ".2f"),
    }
    return make[request.param]()


def test_every_chart_has_axis_titles_and_tooltips(chart: alt.Chart) -> None:
    spec = chart.to_dict()
    parts = list(marks(spec))
    assert parts
    encoding = parts[0]["encoding"]
    assert encoding["tooltip"]
    assert encoding["x"]["title"]
    # The panels of bars have the tokens themselves on that axis and no room for a title.
    assert encoding["y"]["title"] or "spec" in spec
    assert len(data(spec)) > 0


def test_bars_tell_known_pairs_from_unknown_ones(found: pd.DataFrame) -> None:
    spec = affinity_charts.bars(found).to_dict()
    assert {row["known"] for row in data(spec)} == set(found["known"])
    without = affinity_charts.bars(found.drop(columns=["count", "known"])).to_dict()
    assert "count" not in str(without["spec"]["encoding"]["tooltip"])


def test_diverging_scales_are_centred_at_zero(layer: detok.Layer) -> None:
    pairs = tables.pairs(layer, IDS, [0])
    low, middle, high = affinity_charts.pairs(pairs).to_dict()["encoding"]["color"]["scale"][
        "domain"
    ]
    assert (low, middle) == (-high, 0)
    assert high == pytest.approx(pairs["score"].abs().max())


def test_the_untrained_model_is_left_out_of_a_log_scale() -> None:
    history = pd.DataFrame({"tokens": [0, 10], "head": 0, "held_out_loss": 2.0, "auroc": 0.5})
    spec = overview_charts.emergence(history, "auroc", "AUROC", ".2f").to_dict()
    assert [row["tokens"] for row in data(spec)] == [10]
