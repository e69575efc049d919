"""What several tables are made with."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.tables import common


def test_a_long_table_has_a_row_a_cell() -> None:
    cells = np.arange(6).reshape(2, 3)
    table = common.long({"head": [4, 7], "i": "abc"}, value=cells, double=2 * cells)
    assert table["head"].tolist() == [4, 4, 4, 7, 7, 7]
    assert table["i"].tolist() == list("abcabc")
    assert table["value"].tolist() == list(range(6))
    assert table["double"].tolist() == list(range(0, 12, 2))


def test_the_drawn_tokens_are_a_light_sample_with_the_most_frequent_first() -> None:
    layer = detok.load("mini")
    table = pd.DataFrame({"token_id": range(8000), "count": 9, "variance": 0.5})
    drawn = common.sampled(table, layer)
    assert len(drawn) <= common.MAX_POINTS
    assert drawn["token_id"].iloc[0] == 0
    assert drawn["token"].iloc[1] == layer.tokenizer.show(3)


@pytest.mark.parametrize(
    ("values", "largest", "expected"),
    [
        ([1, 3, 2], True, [1]),
        ([1, 3, 2], False, [0]),
        ([3, 1, 3 * (1 - 1e-8)], True, [0, 2]),
        ([0, 0, 0], True, [0, 1, 2]),
        ([-2e-9, -1e-9, -3e-9], True, [1]),
        ([np.nan, 1, 0], True, [1]),
        ([np.nan, np.nan], True, []),
    ],
)
def test_several_rows_may_be_first(values: list[float], largest: bool, expected: list[int]) -> None:
    table = pd.DataFrame({"value": values})
    assert common.first(table, "value", largest=largest).index.tolist() == expected
