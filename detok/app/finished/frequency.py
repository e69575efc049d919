"""The figures of the token frequency page."""

import pandas as pd

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, lines
from detok.charts import frequency as charts
from detok.charts.palette import TERM_COLORS
from detok.charts.wire import Chart
from detok.readings import frequency as readings
from detok.tables import frequency as tables
from detok.tables.common import sampled

# Columns of a table that has half the page.
FURTHEST = ["shown", "distance", "count", "value", "trend", "kind"]
UNSCALED = "Tᵉ, unscaled, and Var(e)"


@kept
def self_assertion(layer: detok.Layer, head: int | None) -> Figure:
    """Tᵉ of every head against the count, or of one."""
    table, correlations = cached.token_frequencies(layer)
    seen = tables.seen(table)
    if head is None:
        every = sampled(seen, layer, tables.MAX_POINTS_PANEL)
        drawn = tables.by_head(every)
        said = readings.drawn(every, seen, table, has_trend=False)
        made = [
            "table = sampled(tables.seen(tokens), layer, tables.MAX_POINTS_PANEL)",
            "table = tables.by_head(table)",
        ]
    else:
        drawn = _against_count(layer, f"head_{head}")
        said = readings.drawn(drawn, seen, table, has_trend=True)
        made = [f'table = sampled(tables.with_trend(tokens, "head_{head}"), layer)']
    title = f"Tᵉ of {'every head' if head is None else f'head {head}'}"

    def draw(dark: bool) -> Chart:
        if head is None:
            return charts.by_head(drawn)
        return charts.against_count(drawn, "Tᵉ (unscaled)", TERM_COLORS["e"])

    return Figure(
        name="self-assertion",
        title=f"{title} against token count",
        table=drawn,
        about=about(layer, "Tᵉ, unscaled", cached.load_counts(layer)),
        code=_lines(layer, "from detok.tables.common import sampled", *made),
        draw=draw,
        drawn=drawn,
        alike=("self-assertion", head is None),
        answer=readings.self_assertion(correlations, head),
        readings=(said,),
    )


@kept
def correlations(layer: detok.Layer) -> Figure:
    """How Tᵉ and Var(e) go with the count."""
    _, table = cached.token_frequencies(layer)
    return Figure(
        name="frequency",
        title="Spearman's ρ with the count",
        table=table,
        about=about(layer, "Spearman's ρ over the tokens that occur", cached.load_counts(layer)),
        code=_lines(layer, "table = tables.correlations(tokens)"),
        listed={"": tables.by_measure(table)},
    )


@kept
def variance(layer: detok.Layer) -> Figure:
    """Var(e) against the count."""
    tokens, correlations = cached.token_frequencies(layer)
    table = _against_count(layer, "variance")
    drawn = readings.drawn(table, tables.seen(tokens), tokens)
    return Figure(
        name="token-variance",
        title="Variance of the token embeddings and their frequency",
        table=table.rename(columns={"value": "variance"}),
        about=about(layer, "Var(e)", cached.load_counts(layer)),
        code=_lines(
            layer,
            "from detok.tables.common import sampled",
            'table = sampled(tables.with_trend(tokens, "variance"), layer)',
            'table = table.rename(columns={"value": "variance"})',
        ),
        draw=lambda dark: charts.against_count(table, "Var(e)"),
        readings=(f"{readings.variance(correlations)} {drawn}",),
    )


@kept
def furthest(layer: detok.Layer, measure: str) -> Figure:
    """The tokens furthest from the trend."""
    trend = tables.with_trend(cached.token_frequencies(layer)[0], measure)
    table = tables.furthest(trend, layer, cached.token_kinds(layer))
    return Figure(
        name="furthest",
        title=f"Tokens furthest from the trend of {tables.title(measure)}",
        table=table,
        about=about(layer, tables.title(measure), cached.load_counts(layer)),
        code=_lines(
            layer,
            f"trend = tables.with_trend(tokens, {measure!r})",
            "table = tables.furthest(trend, layer, detok.token_kinds(layer))",
        ),
        answer=readings.furthest(table, tables.far(trend), trend, measure),
        listed={side: table[table["side"] == side][FURTHEST] for side in ("above", "below")},
    )


@kept
def never(layer: detok.Layer, measure: str) -> Figure:
    """The tokens that never occur; without counts, these are all."""
    tokens, _ = cached.token_frequencies(layer)
    counts = cached.load_counts(layer)
    part = tokens[tokens["count"] == 0]
    table = tables.largest(part, layer, cached.token_kinds(layer), measure)
    most = "Tokens" if counts is None else "Tokens that never occur"
    return Figure(
        name="tokens" if counts is None else "never",
        title=f"{most} with the largest {tables.title(measure)}",
        table=table,
        about=about(layer, tables.title(measure), counts),
        code=_lines(
            layer,
            'tokens = tokens[tokens["count"] == 0]',
            f"table = tables.largest(tokens, layer, detok.token_kinds(layer), {measure!r})",
        ),
        answer=readings.never(tables.occurrence(tokens, measure), measure),
        listed={"": table},
    )


@kept
def every_token(layer: detok.Layer) -> Figure:
    """Tᵉ of every head, Var(e) and count of every token."""
    return Figure(
        name="token-frequency",
        title="All tokens",
        table=cached.token_frequencies(layer)[0],
        about=about(layer, UNSCALED, cached.load_counts(layer)),
        code=_lines(layer, "table = tokens"),
    )


@kept
def _against_count(layer: detok.Layer, measure: str) -> pd.DataFrame:
    tokens, _ = cached.token_frequencies(layer)
    return sampled(tables.with_trend(tokens, measure), layer)


def _lines(layer: detok.Layer, *statements: str) -> str:
    tokens = f"tokens = tables.tokens(layer, {counts_in_code(layer)})"
    return lines(layer, "tables.frequency", tokens, *statements)
