"""The figures of the LayerNorm page for a model that adds no positions to its tokens."""

import detok
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, lines
from detok.charts import frequency as frequency_charts, layernorm as charts
from detok.counting.counts import Counts
from detok.readings import frequency as frequency_readings, token_scale as readings
from detok.scores.token_scale import TokenScale, token_scale
from detok.tables import (
    frequency as frequency_tables,
    layernorm as layernorm_tables,
    token_scale as tables,
)
from detok.tables.common import sampled

SCALE = ("from detok.scores.token_scale import token_scale", "scale = token_scale(layer)")


@kept
def _scale(layer: detok.RotaryLayer) -> TokenScale:
    return token_scale(layer)


@kept
def norms(layer: detok.RotaryLayer) -> Figure:
    """Histograms of the tokens' norms before and after the division."""
    scale = _scale(layer)
    table = layernorm_tables.norms(scale)
    ends = tables.ends(tables.tokens(layer, scale, Counts.empty(layer.vocab_size)), layer)
    return Figure(
        name="norms",
        title="Norms of the tokens, before and after division by σ",
        table=table,
        about=about(layer, "norms over their mean"),
        code=lines(layer, "tables.layernorm", *SCALE, "table = tables.norms(scale)"),
        draw=lambda dark: charts.norms(table),
        readings=(readings.norms(ends, scale, layer),),
    )


@kept
def frequency(layer: detok.RotaryLayer, counts: Counts) -> Figure:
    """σ of the tokens against their count."""
    tokens = tables.tokens(layer, _scale(layer), counts)
    table = sampled(frequency_tables.with_trend(tokens, "sigma"), layer)
    row = frequency_tables.correlations(tokens).iloc[0]
    drawn = frequency_readings.drawn(table, frequency_tables.seen(tokens), tokens)
    return Figure(
        name="token-sigma",
        title="σ of the tokens and their frequency",
        table=table.rename(columns={"value": "sigma"}),
        about=about(layer, "σ", counts),
        code=lines(
            layer,
            "tables.token_scale",
            "from detok.tables import frequency",
            "from detok.tables.common import sampled",
            *SCALE,
            f"tokens = tables.tokens(layer, scale, {counts_in_code(layer)})",
            'table = sampled(frequency.with_trend(tokens, "sigma"), layer)',
            'table = table.rename(columns={"value": "sigma"})',
        ),
        draw=lambda dark: frequency_charts.against_count(table, "σ"),
        readings=(f"{readings.frequency(row, layer)} {drawn}",),
    )
