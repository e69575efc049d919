"""The figures of the positional bias page for a model with distance in place of position."""

from collections.abc import Hashable

import pandas as pd

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.finished.positions import UNSCALED, Texts, measured, measured_in_code
from detok.app.one_or_all import in_title, rows_in_code, rows_of
from detok.app.provenance import about, counts_in_code, lines
from detok.charts import distance_bias as charts
from detok.readings import distance_bias as readings, positions as position_readings
from detok.tables import distance_bias as tables


@kept
def bias(layer: detok.RotaryLayer) -> detok.DistanceBias:
    """The terms over distances, averaged over tokens drawn by the layer's counts."""
    counts = cached.load_counts(layer)
    return detok.distance_bias(layer, token_counts=None if counts is None else counts.tokens)


@kept
def curves(layer: detok.RotaryLayer, head: int | None) -> Figure:
    """The mean and the spread of each term over distances."""
    found, counts = bias(layer), cached.load_counts(layer)
    table = rows_of(tables.curves(found), head)
    return Figure(
        name="curves",
        title=f"The terms over distances{in_title(head)}",
        table=table,
        about=about(layer, UNSCALED, counts),
        code=lines(
            layer,
            "tables.distance_bias",
            _bias_in_code(layer),
            "table = tables.curves(bias)",
            *rows_in_code(head),
        ),
        draw=lambda dark: charts.curves(table),
        drawn=table,
        alike=_alike("curves", table, *found.mean.names),
        readings=(readings.curves(tables.largest(table), found, counts),),
    )


@kept
def attention(layer: detok.RotaryLayer, i: int, head: int | None, own: Texts | None) -> Figure:
    """The attention of i that follows from the means, and measured on texts, over distances."""
    texts, n = measured(layer, i, own), min(i + 1, layer.n_distances)
    table = rows_of(tables.attention(bias(layer), texts, n), head)
    said = [readings.attention(tables.masses(table), i, head)]
    if texts is not None:
        said.append(position_readings.measured(texts, "of your texts" if own else "excerpts"))
    return Figure(
        name="attention",
        title=f"Attention of position {i} over distances{in_title(head)}",
        table=table,
        about=about(layer, "attention weights", cached.load_counts(layer)),
        code=lines(
            layer,
            "tables.distance_bias",
            *measured_in_code(i, own),
            _bias_in_code(layer),
            f"table = tables.attention(bias, measured, {n})",
            *rows_in_code(head),
        ),
        draw=lambda dark: charts.attention(table),
        drawn=table,
        alike=_alike("attention", table),
        readings=tuple(said),
    )


def _bias_in_code(layer: detok.RotaryLayer) -> str:
    counts = cached.load_counts(layer)
    drawn = "" if counts is None else f", token_counts={counts_in_code(layer)}.tokens"
    return f"bias = detok.distance_bias(layer{drawn})"


def _alike(name: str, drawn: pd.DataFrame, *more: Hashable) -> tuple[Hashable, ...]:
    """What the chart of these rows depends on, apart from the rows."""
    return "distances", name, *more, tuple(drawn), drawn["head"].nunique() > 1
