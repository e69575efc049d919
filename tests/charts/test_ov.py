"""The chart of how often heads copy."""

import detok
from detok.charts import ov as charts
from detok.charts.parts import choose
from detok.tables import ov as tables
from tests.support.charts import assert_whole, data


def test_every_head_has_two_bars_and_one_is_chosen(layer: detok.Layer) -> None:
    table = choose(tables.measures(tables.copying(detok.ov_readings(layer))), 1)
    spec = charts.copying(table).to_dict()
    assert_whole(spec)
    rows = data(spec)
    assert [row["head"] for row in rows if row["chosen"]] == [1, 1]
    assert len(rows) == 2 * layer.n_heads
