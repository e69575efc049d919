"""The figures of the positional bias page."""

from collections.abc import Callable, Hashable

import pandas as pd

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.one_or_all import in_title, rows_in_code, rows_of
from detok.app.provenance import about, lines
from detok.charts import positions as charts
from detok.charts.wire import Chart
from detok.readings import positions as readings, words
from detok.tables import positions as tables

Texts = tuple[tuple[int, ...], ...]
UNSCALED = "unscaled"


@kept
def bias(layer: detok.Layer, i: int, layernorm: bool) -> detok.PositionBias:
    """What the first layer gives to positions, seen from i."""
    return detok.position_bias(layer, i, layernorm=layernorm)


@kept
def measured(layer: detok.Layer, i: int, own: Texts | None) -> detok.MeanAttention | None:
    """The mean attention over a visitor's own texts; None are the excerpts, and () no texts."""
    if own is None:
        return cached.measured_on_excerpts(layer, i)
    return detok.mean_attention(layer, own, i) if own else None


def measured_in_code(i: int, own: Texts | None) -> tuple[str, str]:
    """Lines that give `measured`."""
    excerpts = '[layer.tokenizer.encode(text) for text in detok.excerpts()["text"]]'
    return (
        f"texts = {excerpts if own is None else [list(ids) for ids in own]}",
        f"measured = detok.mean_attention(layer, texts, {i}) if texts else None",
    )


@kept
def summary(layer: detok.Layer, i: int, layernorm: bool) -> Figure:
    """All heads in numbers."""
    quarters = tables.quarters(layer)
    table = detok.position_summary(layer, i, quarters, layernorm=layernorm)
    best = tables.nearest_and_first(table, i)
    return Figure(
        name="summary",
        title=f"All heads in numbers, seen from i = {i}{_without(layernorm)}",
        table=table,
        about=about(layer, UNSCALED),
        code=lines(
            layer,
            "tables.positions",
            f"table = detok.position_summary(layer, {i}, {quarters}, layernorm={layernorm})",
        ),
        readings=(readings.summary(best, i, layer.n_heads, layer.is_causal),),
        listed={"": table},
    )


@kept
def self_assertion(
    layer: detok.Layer, i: int, layernorm: bool, head: int | None, ends: bool
) -> Figure:
    """Tᵖ over all positions."""
    reading = readings.self_assertion(_shapes(layer, i, layernorm), head, ends)
    columns = ["p", *(["p_low", "p_high", "p_min", "p_max"] if layernorm else [])]
    return _curve(layer, i, layernorm, head, ends, "Tᵖ", columns, charts.self_assertion, reading)


@kept
def comparison(layer: detok.Layer, i: int, layernorm: bool, head: int | None, ends: bool) -> Figure:
    """Tᵖᵖ over all positions, seen from i."""
    reading = readings.comparison(_shapes(layer, i, layernorm), head, ends)
    bands = ["pp_low", "pp_high", "pp_min", "pp_max", "pp_sigma_min", "pp_sigma_max"]
    columns = ["pp", *(bands if layernorm else [])]
    return _curve(layer, i, layernorm, head, ends, "Tᵖᵖ", columns, charts.comparison, reading)


@kept
def total(layer: detok.Layer, i: int, layernorm: bool, head: int | None, ends: bool) -> Figure:
    """Tᵖ + Tᵖᵖ over all positions, seen from i."""
    reading = readings.total(_shapes(layer, i, layernorm), head, ends)
    columns = ["p", "pp", "total"]
    return _curve(layer, i, layernorm, head, ends, "Tᵖ+Tᵖᵖ", columns, charts.total, reading)


@kept
def attention(
    layer: detok.Layer, i: int, layernorm: bool, head: int | None, ends: bool, own: Texts | None
) -> Figure:
    """The attention of i by position alone, and measured on texts."""
    table, code = _attention(layer, i, layernorm, head, own)
    shown = tables.drawn(table, layer, i, head, ends)
    left_out = [] if ends else tables.left_out(table["j"].unique(), layer.n_positions - 1)
    said = [readings.attention(tables.masses(table, i), i, head, left_out)]
    found = measured(layer, i, own)
    if found is not None:
        said.append(readings.measured(found, "of your texts" if own else "excerpts"))
    return Figure(
        name="attention",
        title=f"Attention of position {i}{in_title(head)}{_without(layernorm)}",
        table=table,
        about=about(layer, "attention weights"),
        code=code,
        draw=lambda dark: charts.attention(shown, i),
        drawn=shown,
        alike=_alike("attention", shown, i),
        readings=tuple(said),
    )


@kept
def close(
    layer: detok.Layer, i: int, layernorm: bool, head: int | None, own: Texts | None
) -> Figure:
    """The same attention, to the nearest positions."""
    table, code = _attention(layer, i, layernorm, head, own)
    table = tables.close(table, i)
    peaks = tables.peaks(tables.over_heads(table), i)
    said = words.words_for(layer).close
    return Figure(
        name="attention-zoom",
        title=f"Attention of position {i} to {said}{in_title(head)}{_without(layernorm)}",
        table=table,
        about=about(layer, "attention weights"),
        code=f"{code}\ntable = tables.close(table, {i})",
        draw=lambda dark: charts.attention(table, i, points=True),
        drawn=table,
        alike=_alike("attention-zoom", table, i),
        readings=(readings.zoom(peaks, table["j"].nunique(), head),),
    )


@kept
def _shapes(layer: detok.Layer, i: int, layernorm: bool) -> tables.Shapes:
    return tables.shapes(bias(layer, i, layernorm), summary(layer, i, layernorm).table)


@kept
def _curves(layer: detok.Layer, i: int, layernorm: bool, head: int | None) -> pd.DataFrame:
    if head is None:
        return tables.curves(bias(layer, i, layernorm))
    return rows_of(_curves(layer, i, layernorm, None), head)


@kept
def _attentions(layer: detok.Layer, i: int, layernorm: bool, own: Texts | None) -> pd.DataFrame:
    return tables.attention(bias(layer, i, layernorm), measured(layer, i, own))


def _curve(
    layer: detok.Layer,
    i: int,
    layernorm: bool,
    head: int | None,
    ends: bool,
    term: str,
    columns: list[str],
    chart: Callable[[pd.DataFrame, int], Chart],
    reading: str,
) -> Figure:
    columns = ["head", "j", *columns]
    table = _curves(layer, i, layernorm, head)
    shown = tables.drawn(table, layer, i, head, ends)
    return Figure(
        name=term.replace("^", "_"),
        title=f"{term.replace('+', ' + ')}, seen from i = {i}{in_title(head)}{_without(layernorm)}",
        table=table[columns],
        about=about(layer, UNSCALED),
        code=lines(
            layer,
            "tables.positions",
            f"bias = detok.position_bias(layer, {i}, layernorm={layernorm})",
            "table = tables.curves(bias)",
            *rows_in_code(head),
            f"table = table[{columns}]",
        ),
        draw=lambda dark: chart(shown, i),
        drawn=shown,
        alike=_alike(term, shown, i),
        readings=(reading,),
    )


def _attention(
    layer: detok.Layer, i: int, layernorm: bool, head: int | None, own: Texts | None
) -> tuple[pd.DataFrame, str]:
    """The table of one head, or of all, and its lines of code."""
    code = lines(
        layer,
        "tables.positions",
        *measured_in_code(i, own),
        f"bias = detok.position_bias(layer, {i}, layernorm={layernorm})",
        "table = tables.attention(bias, measured)",
        *rows_in_code(head),
    )
    return rows_of(_attentions(layer, i, layernorm, own), head), code


def _without(layernorm: bool) -> str:
    return "" if layernorm else ", without LayerNorm"


def _alike(name: str, drawn: pd.DataFrame, i: int) -> tuple[Hashable, ...]:
    """What the chart of these rows depends on, apart from the rows."""
    n = drawn["j"].nunique()
    return "positions", name, i, tuple(drawn), n, drawn["head"].nunique() > 1
