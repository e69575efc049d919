"""The chart of training."""

import pandas as pd

from detok.charts import overview as charts
from tests.support.charts import assert_whole, data


def test_the_untrained_model_is_left_out_of_a_log_scale() -> None:
    history = pd.DataFrame({"tokens": [0, 10], "head": 0, "held_out_loss": 2.0, "auroc": 0.5})
    spec = charts.emergence(history, "auroc", "AUROC", ".2f").to_dict()
    assert_whole(spec)
    assert [row["tokens"] for row in data(spec)] == [10]
