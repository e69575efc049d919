"""The figures of the backward lens."""

import pandas as pd

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, of_run, run_lines
from detok.charts import lens as charts
from detok.readings import lens as readings
from detok.tables import lens as tables
from detok.whole.lens import Matrix

SHOWN = 10  # tokens of each end of a cell
Cell = tuple[int, int]  # layer and position
_VJP = "δ = ∂(−ln p(target)) / ∂ output"
_LISTED = ["rank", "shown", "token_id", "probability", "is_target"]


@kept
def cells(layer: detok.Layer, run: detok.Run, matrix: Matrix) -> pd.DataFrame:
    """Norms and ranks of all cells."""
    return tables.cells(cached.lens_of(run), matrix)


@kept
def norms(
    layer: detok.Layer, run: detok.Run, matrix: Matrix, end: tables.End, chosen: Cell
) -> Figure:
    """The norms of the VJPs; `end` is that of which rank 1 is, in the answer."""
    every = cells(layer, run, matrix)
    columns = ["layer", "position", "token_id", "token", "norm"]
    table = every[columns]
    drawn = _framed(table, chosen)
    return Figure(
        name="norms",
        title=f"Norms of the VJPs of the {matrix} MLP matrix",
        table=table,
        about=about(layer, f"norms of {_VJP} of the {matrix} MLP matrix"),
        code=f"{_in_code(layer, run, matrix)}\ntable = table[{columns}]",
        answer=readings.largest(every, run, tables.largest(every), end),
        draw=lambda dark: charts.norms(drawn, dark),
        drawn=drawn,
        alike=("norms", run.model.n_layers, *_names(table)),
        domain=charts.largest(table),
        **of_run(run),
    )


@kept
def ranks(
    layer: detok.Layer, run: detok.Run, matrix: Matrix, end: tables.End, chosen: Cell
) -> Figure:
    """The target's rank in what is read, 1 at one `end`."""
    table = cells(layer, run, matrix)
    drawn, V = _framed(table, chosen), run.model.vocab_size
    target = run.model.tokenizer.show(run.target)
    return Figure(
        name="ranks",
        title=f"Rank of {target} in {readings.READ[matrix]}, 1: {end} probable",
        table=table,
        about=about(layer, f"ranks in {readings.READ[matrix]}; {_VJP} of the {matrix} MLP matrix"),
        code=_in_code(layer, run, matrix),
        readings=(readings.near(tables.near(table, end, V), run, end),),
        draw=lambda dark: charts.of_ranks(drawn, end, V, target, dark),
        drawn=drawn,
        alike=("ranks", matrix, end, V, target, run.model.n_layers, *_names(table)),
        **of_run(run),
    )


@kept
def cell(
    layer: detok.Layer, run: detok.Run, matrix: Matrix, end: tables.End, chosen: Cell
) -> Figure:
    """The most and the least probable tokens of one cell."""
    every = cells(layer, run, matrix)
    table = tables.tokens(cached.lens_of(run), *chosen, matrix, SHOWN)
    number, position = chosen
    return Figure(
        name="tokens",
        title=f"Tokens of layer {number}, position {position}, {matrix} MLP matrix",
        table=table,
        about=about(
            layer, f"probabilities in {readings.READ[matrix]}; {_VJP} of the {matrix} MLP matrix"
        ),
        code=run_lines(
            layer,
            run,
            "tables.lens",
            "lens = detok.backward_lens(run)",
            f"table = tables.tokens(lens, {number}, {position}, {matrix!r}, {SHOWN})",
        ),
        answer=readings.cell(every, run, number, position, end),
        readings=() if table.empty else (readings.tokens(run, matrix),),
        listed={which: table.loc[table["end"] == which, _LISTED] for which in ("least", "most")},
        **of_run(run),
    )


def _framed(table: pd.DataFrame, chosen: Cell) -> pd.DataFrame:
    number, position = chosen
    return table.assign(chosen=(table["layer"] == number) & (table["position"] == position))


def _names(table: pd.DataFrame) -> list[str]:
    """What stands along a map."""
    return table.drop_duplicates("position")["token"].tolist()


def _in_code(layer: detok.Layer, run: detok.Run, matrix: Matrix) -> str:
    table = f"table = tables.cells(detok.backward_lens(run), {matrix!r})"
    return run_lines(layer, run, "tables.lens", table)
