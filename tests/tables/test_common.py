"""What several tables are made with."""

import pandas as pd

import detok
from detok.tables import common


def test_the_drawn_tokens_are_a_light_sample_with_the_most_frequent_first() -> None:
    layer = detok.load("mini")
    table = pd.DataFrame({"token_id": range(8000), "count": 9, "variance": 0.5})
    drawn = common.sampled(table, layer)
    assert len(drawn) <= common.MAX_POINTS
    assert drawn["token_id"].iloc[0] == 0
    assert drawn["token"].iloc[1] == layer.tokenizer.show(3)
