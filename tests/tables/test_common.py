"""What several tables are made with."""

import numpy as np
import pandas as pd

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
