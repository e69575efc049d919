"""The figures of the LayerNorm page."""

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.finished.positions import bias
from detok.app.provenance import about, lines
from detok.charts import layernorm as charts
from detok.readings import layernorm as readings
from detok.tables import layernorm as tables

UNSCALED = "scores, unscaled"


@kept
def variances(layer: detok.Layer) -> Figure:
    """Var(p_i) over all positions."""
    stats = cached.layernorm_stats(layer)
    table = tables.variances(stats)
    return Figure(
        name="variance",
        title="Variance of the position embeddings",
        table=table,
        about=about(layer, "Var(p_i), with its robust z-score, and σ over all tokens"),
        code=_of_stats(layer, "variances"),
        draw=lambda dark: charts.variances(table),
        readings=(readings.variances(table, stats),),
    )


@kept
def end(layer: detok.Layer, is_first: bool) -> Figure:
    """Var(p_i) of the positions at one end."""
    table = variances(layer).table
    table = table.head(tables.ENDS) if is_first else table.tail(tables.ENDS)
    which = "first" if is_first else "last"
    take = "head" if is_first else "tail"
    return Figure(
        name=f"variance-{which}",
        title=f"Variance of the {which} positions",
        table=table,
        about=about(layer, "Var(p_i), with its robust z-score, and σ over all tokens"),
        code=f"{_of_stats(layer, 'variances')}\ntable = table.{take}({tables.ENDS})",
        draw=lambda dark: charts.end(table, f"The {which} positions"),
    )


@kept
def sigma(layer: detok.Layer) -> Figure:
    """σ at every position."""
    columns = ["position", "sigma", "sigma_min", "sigma_max"]
    stats, every = cached.layernorm_stats(layer), variances(layer).table
    table = every[columns]
    return Figure(
        name="sigma",
        title="σ at every position",
        table=table,
        about=about(layer, "σ over all tokens: mean, smallest, largest"),
        code=f"{_of_stats(layer, 'variances')}\ntable = table[{columns}]",
        draw=lambda dark: charts.sigma(table),
        readings=(readings.sigma(every, stats),),
    )


@kept
def norms(layer: detok.Layer) -> Figure:
    """Histograms of the tokens' norms."""
    stats = cached.layernorm_stats(layer)
    table = tables.norms(stats)
    return Figure(
        name="norms",
        title="Norms of the tokens, before and after division by σ",
        table=table,
        about=about(layer, "norms over their mean"),
        code=_of_stats(layer, "norms"),
        draw=lambda dark: charts.norms(table),
        readings=(readings.norms(stats),),
    )


@kept
def switch(layer: detok.Layer, i: int, head: int) -> Figure:
    """How LayerNorm's divisions change the score of position 0."""
    plain, divided = (bias(layer, i, on) for on in (False, True))
    table = tables.switch(layer, plain, divided, head)
    return Figure(
        name="switch",
        title=f"The switch at position 0, seen from i = {i}, head {head}",
        table=table,
        about=about(layer, UNSCALED),
        code=lines(
            layer,
            "tables.layernorm",
            f"plain = detok.position_bias(layer, {i}, layernorm=False)",
            f"divided = detok.position_bias(layer, {i})",
            f"table = tables.switch(layer, plain, divided, {head})",
        ),
        draw=lambda dark: charts.switch(table),
        drawn=table,
        alike=("switch", *table["step"].unique(), *table["place"].unique()),
        readings=(readings.switch(table, plain, divided, head),),
    )


@kept
def last_rows(layer: detok.Layer, head: int) -> Figure:
    """Tᵖᵖ without LayerNorm of the last positions."""
    table = tables.last_rows(layer, head)
    return Figure(
        name="last-positions",
        title=f"Tᵖᵖ without LayerNorm of the last positions, head {head}",
        table=table,
        about=about(layer, UNSCALED),
        code=lines(layer, "tables.layernorm", f"table = tables.last_rows(layer, {head})"),
        draw=lambda dark: charts.last_rows(table),
        drawn=table,
        alike=("last-positions", *table["i"].unique()),
        readings=(readings.last_rows(cached.layernorm_stats(layer), head),),
    )


def _of_stats(layer: detok.Layer, what: str) -> str:
    return lines(layer, "tables.layernorm", f"table = tables.{what}(detok.layernorm_stats(layer))")
