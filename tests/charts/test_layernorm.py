"""The charts of LayerNorm are whole."""

import detok
from detok.charts import layernorm as charts
from detok.tables import layernorm as tables
from tests.support.charts import assert_whole


def test_every_chart_is_whole(layer: detok.Layer) -> None:
    stats = detok.layernorm_stats(layer)
    variances = tables.variances(stats)
    plain, bias = (detok.position_bias(layer, 9, layernorm=on) for on in (False, True))
    figures = [
        charts.variances(variances),
        charts.end(variances.head(tables.ENDS), "The first positions"),
        charts.sigma(variances),
        charts.norms(tables.norms(stats)),
        charts.switch(tables.switch(layer, plain, bias, 1)),
        charts.last_rows(tables.last_rows(layer, 1)),
    ]
    for figure in figures:
        assert_whole(figure.to_dict())
