"""The charts of detokenizing heads: whole, and without cells for what is not there."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.charts import heads as charts
from detok.charts.parts import choose
from detok.counting.counts import Counts
from detok.heads.measured import Measured
from detok.tables import heads as tables
from tests.support.charts import assert_whole, data


@pytest.mark.parametrize("name", ["measures", "tops", "summary", "kinds", "curves"])
def test_every_chart_is_whole(
    layer: detok.Layer, heads: Measured, counts: Counts, name: str
) -> None:
    kinds = detok.token_kinds(layer)
    make = {
        "measures": lambda: charts.measures(
            choose(
                tables.measures(tables.pairs(heads, counts), tables.paper(heads, counts, "paper")),
                1,
            )
        ),
        "tops": lambda: charts.tops(tables.tops_by_kind(heads, kinds), True),
        "summary": lambda: charts.summary(choose(tables.paper(heads, counts, "paper"), 1)),
        "kinds": lambda: charts.by_kind(tables.by_kind(heads.areas, kinds, "paper"), True),
        "curves": lambda: charts.curves(choose(tables.token_curves(layer, counts, 5), 1)),
    }
    assert_whole(make[name]().to_dict())


def test_a_kind_without_tokens_leaves_no_cell() -> None:
    table = pd.DataFrame(
        {"head": 0, "kind": ["a", "b"], "label": ["a (1)", "b (0)"], "n": [1, 0]}
        | {name: [0.5, np.nan] for name in ("mean", "median", "std")}
    )
    assert [row["kind"] for row in data(charts.by_kind(table).to_dict())] == ["a"]
