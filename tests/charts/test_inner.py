"""The charts of the inner vocabulary are whole."""

import detok
from detok.charts import inner as charts
from detok.tables import inner as tables
from tests.support.charts import assert_whole


def test_every_chart_is_whole(whole: detok.Model) -> None:
    run = detok.run(whole, whole.tokenizer.encode("EN a"), target=7)
    word = tables.words(run).iloc[0]
    curve = tables.curve(run, word)
    figures = [
        charts.ranks(tables.ranks(run, word, curve), 150.5),
        charts.cosines(tables.cosines(curve)),
    ]
    for figure in figures:
        assert_whole(figure.to_dict())
