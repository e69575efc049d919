"""The figures of reversed attention: the gradient of the loss at every head's scores."""

import pandas as pd

import detok
from detok.app import store
from detok.app.figure import Figure, kept
from detok.app.provenance import about, of_run, run_lines
from detok.charts import reversed as charts
from detok.readings import reversed as readings
from detok.tables import reversed as tables

Window = tuple[int, int]  # from, and up to but without

_TABLES = "tables.reversed"
_FOUND = "found = detok.reversed_attention(run)"
_UNIT = "R = ∂(−ln p(target)) / ∂ unscaled score"
_ETAS = f"patched = detok.patched(model, run.ids, found, {list(tables.ETAS)})"

# R of all heads: 9 MB at GPT-2's size for a text of 128 tokens.
_for_a_moment = store.kept(max_entries=2)


@kept
def norms(layer: detok.Layer, run: detok.Run, number: int, head: int, column: str) -> Figure:
    """The norm of attention, or of its gradient, in every head of every layer; one is framed.

    `column` is forward or reversed.
    """
    table = _norms(run)
    largest = tables.largest(table, column)
    if column == "forward":
        sign, answer = "A", ""
        reading = readings.forward(largest, tables.even_norm(run.n), run.n)
    else:
        sign, answer = "R", readings.answer(largest, table)
        reading = readings.reverse(run)
    drawn = table.assign(chosen=(table["layer"] == number) & (table["head"] == head))
    return Figure(
        name=column,
        title=f"Norm of {sign} in every head",
        table=table,
        about=about(layer, f"Frobenius norms of attention A, and of {_UNIT}"),
        code=run_lines(layer, run, _TABLES, _FOUND, "table = tables.norms(found)"),
        draw=lambda dark: charts.norms(drawn, column, dark),
        drawn=drawn,
        alike=("norms", column, run.model.n_layers, run.model.n_heads),
        domain=charts.domain(table, column),
        answer=answer,
        readings=(reading,),
        **of_run(run),
    )


@kept
def of_pairs(
    layer: detok.Layer,
    run: detok.Run,
    number: int,
    head: int,
    window: Window,
    chosen: tuple[int, int],
    column: str,
) -> Figure:
    """A or R of one head in a window of the text; a chosen pair is framed.

    `column` is attention or reversed.
    """
    if column == "attention":
        sign, reading = "A", readings.attention(f"head {head} of layer {number}")
    else:
        sign, reading = "R", readings.gradient(run, number)
    table = pairs(layer, run, number, head)
    shown = tables.window(table, range(*window))
    i, j = chosen
    drawn = shown.assign(chosen=(shown["i"] == i) & (shown["j"] == j))
    labels = shown.drop_duplicates("i")["current"].tolist()
    return Figure(
        name=f"{column}_of_pairs",
        title=f"{sign} of head {head} of layer {number}",
        table=table,
        about=about(layer, f"A, and {_UNIT}"),
        code=_code_of_pairs(layer, run, number, head),
        draw=lambda dark: charts.pairs(drawn, column, dark),
        drawn=drawn,
        alike=("pairs", column, *labels),
        domain=charts.domain(shown, column),
        readings=(reading,),
        **of_run(run),
    )


@kept
def strongest(layer: detok.Layer, run: detok.Run, number: int, head: int) -> Figure:
    """The pairs with the largest |R| of one head, as a table."""
    every = pairs(layer, run, number, head)
    table = tables.strongest(every)
    columns = ["rank", "current", "past", "attention", "reversed"]
    return Figure(
        name="strongest",
        title=f"The strongest pairs of head {head} of layer {number}",
        table=table,
        about=about(layer, f"A, and {_UNIT}"),
        code=_code_of_pairs(layer, run, number, head, "table = tables.strongest(table)"),
        listed={"": table[columns]},
        readings=(readings.strongest(table, *tables.share(table, every)),),
        **of_run(run),
    )


@kept
def patching(layer: detok.Layer, run: detok.Run, eta: float) -> Figure:
    """The target's probability with attention A + η R in all heads, over η; one is marked."""
    table = _patching(run)
    drawn = table.assign(chosen=table["eta"] == eta)
    return Figure(
        name="patching",
        title="The target’s probability with patched attention",
        table=table,
        about=about(layer, "probabilities of the target, and −log of them in nats"),
        code=run_lines(
            layer, run, _TABLES, _FOUND, _ETAS, "table = tables.patching(patched, run.target)"
        ),
        draw=lambda dark: charts.patching(drawn),
        drawn=drawn,
        alike=("patching",),
        answer=readings.patching(table, tables.lowered(table), eta),
        readings=(readings.COUNTERFACTUAL,),
        **of_run(run),
    )


@_for_a_moment
def _found(run: detok.Run) -> detok.ReversedAttention:
    return detok.reversed_attention(run)


@kept
def _norms(run: detok.Run) -> pd.DataFrame:
    return tables.norms(_found(run))


@kept
def _patching(run: detok.Run) -> pd.DataFrame:
    patched = detok.patched(run.model, run.ids, _found(run), tables.ETAS)
    return tables.patching(patched, run.target)


@kept
def pairs(layer: detok.Layer, run: detok.Run, number: int, head: int) -> pd.DataFrame:
    """A and R of one head for every pair."""
    return tables.pairs(layer, run, _found(run), number, head)


def _code_of_pairs(layer: detok.Layer, run: detok.Run, number: int, head: int, *more: str) -> str:
    table = f"table = tables.pairs(layer, run, found, {number}, {head})"
    return run_lines(layer, run, _TABLES, _FOUND, table, *more)
