"""The figures of the inner vocabulary."""

import detok
from detok.app.figure import Figure, kept
from detok.app.finished.flow import of_text
from detok.app.provenance import about, run_lines
from detok.charts import inner as charts
from detok.readings import inner as readings
from detok.tables import inner as tables
from detok.tables.flow import chance


@kept
def ranks(layer: detok.Layer, run: detok.Run, start: int) -> Figure:
    """What the last piece of a word reads as, by layer."""
    word = tables.word(run, start)
    curve = tables.curve(run, word)
    table = tables.ranks(run, word, curve)
    by_chance = chance(run)["rank"]
    return Figure(
        name="inner-ranks",
        title=f"What the last piece of {word['word']} reads as",
        table=table,
        about=about(layer, "ranks in LL(x) = softmax(ln_f(x) W_U^T), 1 the most probable"),
        code=_in_code(layer, run, start, "tables.ranks(run, word, tables.curve(run, word))"),
        draw=lambda dark: charts.ranks(table, by_chance),
        readings=(readings.ranks(run, word, tables.best(table)),),
        **of_text(run),
    )


@kept
def cosines(layer: detok.Layer, run: detok.Run, start: int) -> Figure:
    """How close the last piece of a word comes to the word as one token, by layer."""
    word = tables.word(run, start)
    curve = tables.curve(run, word)
    table = tables.cosines(curve)
    return Figure(
        name="inner-cosines",
        title=f"The last piece of {word['word']} beside {word['single']}",
        table=table,
        about=about(layer, "cosines of the residual stream's states"),
        code=_in_code(layer, run, start, "tables.cosines(tables.curve(run, word))"),
        draw=lambda dark: charts.cosines(table),
        readings=(readings.cosines(word, tables.closest(curve)),),
        **of_text(run),
    )


def _in_code(layer: detok.Layer, run: detok.Run, start: int, table: str) -> str:
    word = f"word = tables.word(run, {start})"
    return run_lines(layer, run, "tables.inner", word, f"table = {table}")
