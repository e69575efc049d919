"""The figures of what the six terms of the first layer do to the loss."""

import pandas as pd

import detok
from detok.app.figure import Figure, kept
from detok.app.provenance import about, of_run, run_lines
from detok.charts import attribution as charts
from detok.readings import attribution as readings
from detok.tables import attribution as tables

_TABLES = "tables.attribution"
_UNIT = "d(−ln p(target)) / dε of scores s + ε T, first layer"
_BY_HEAD = "table = tables.by_head(detok.term_attribution(run, layer))"


@kept
def by_head(layer: detok.Layer, run: detok.Run) -> Figure:
    """The six attributions of every head, as bars that add up."""
    table = _by_head(layer, run)
    whole = float(table.drop_duplicates("head")["total"].sum())
    return Figure(
        name="attribution",
        title="What each term of the first layer does to the loss",
        table=table,
        about=about(layer, _UNIT),
        code=run_lines(layer, run, _TABLES, _BY_HEAD),
        draw=lambda dark: charts.by_head(table, dark),
        drawn=table,
        alike=("attribution", table["head"].nunique()),
        answer=readings.answer(tables.largest(table), run),
        readings=(readings.by_head(tables.over_heads(table), whole),),
        **of_run(run),
    )


@kept
def of_head(layer: detok.Layer, run: detok.Run, head: int, is_tried: bool) -> Figure:
    """Those of one head, one after the other up to their sum; marked is what was tried, if any."""
    table = _of_head(layer, run, head)
    drawn = _tried(layer, run, head) if is_tried else table
    return Figure(
        name="of_head",
        title=f"Head {head} of the first layer: six terms and their sum",
        table=table,
        about=about(layer, _UNIT),
        code=_code_of_head(layer, run, head),
        draw=lambda dark: charts.of_head(drawn, dark),
        drawn=drawn,
        alike=("of_head", is_tried),
        readings=(readings.of_head(table, head, tables.cancelled(table)),),
        **of_run(run),
    )


@kept
def tried(layer: detok.Layer, run: detok.Run, head: int) -> Figure:
    """Six finite differences beside the attributions of one head, as a table."""
    table = _tried(layer, run, head)
    furthest, widest = (tables.furthest(table, name) for name in ("of_largest", "relative"))
    dtype = str(run.model.dtype).removeprefix("torch.")
    six = table[table["part"] != tables.SUM]
    return Figure(
        name="tried",
        title=f"Head {head} of the first layer: attributions and finite differences",
        table=table,
        about=about(layer, f"{_UNIT}; tried with ε = ±{tables.EPSILON:g}"),
        code=_code_of_head(layer, run, head, f"table = tables.tried(table, run, layer, {head})"),
        listed={"": six[["part", "value", "tried", "relative"]]},
        readings=(readings.tried(furthest, widest, dtype),),
        **of_run(run),
    )


@kept
def by_pair(layer: detok.Layer, run: detok.Run, head: int) -> Figure:
    """The pairs of tokens that do most in one head, each with its six terms."""
    every = tables.by_pair(layer, run, head)
    shown = tables.carriers(every)
    return Figure(
        name="by_pair",
        title=f"Head {head} of the first layer: the pairs that do most",
        table=every,
        about=about(layer, f"{_UNIT}; of each pair less its row’s mean"),
        code=run_lines(layer, run, _TABLES, f"table = tables.by_pair(layer, run, {head})"),
        draw=None if shown.empty else lambda dark: charts.by_pair(shown, dark),
        drawn=shown,
        alike=("by_pair", shown["rank"].nunique()),
        readings=(readings.carriers(shown, *tables.share(shown, every), head),),
        **of_run(run),
    )


@kept
def _by_head(layer: detok.Layer, run: detok.Run) -> pd.DataFrame:
    return tables.by_head(detok.term_attribution(run, layer))


@kept
def _of_head(layer: detok.Layer, run: detok.Run, head: int) -> pd.DataFrame:
    return tables.of_head(_by_head(layer, run), head)


@kept
def _tried(layer: detok.Layer, run: detok.Run, head: int) -> pd.DataFrame:
    return tables.tried(_of_head(layer, run, head), run, layer, head)


def _code_of_head(layer: detok.Layer, run: detok.Run, head: int, *more: str) -> str:
    return run_lines(layer, run, _TABLES, _BY_HEAD, f"table = tables.of_head(table, {head})", *more)
