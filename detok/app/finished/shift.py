"""The figures of the forward-pass shift."""

import pandas as pd

import detok
from detok.app.figure import Figure, kept
from detok.app.provenance import about, of_run, run_lines
from detok.charts import shift as charts
from detok.readings import shift as readings
from detok.tables import shift as tables

_COUNTERFACTUAL = "counterfactual: of a model with one matrix shifted"


@kept
def curve(layer: detok.Layer, run: detok.Run, number: int, sample: int, eta: float) -> Figure:
    """Probabilities after the shift of one layer, over η."""
    table, show = _curve(layer, run, number, sample), run.model.tokenizer.show
    target = show(run.target)
    rival, stranger = tables.rival(run), tables.stranger(run, sample)
    labels = {
        "target": f"{target}, shifted towards it",
        "rival": "" if rival is None else f"{show(rival)}, by the same shift",
        "control": ""
        if stranger is None
        else f"{target}, shifted towards {show(stranger)} (random)",
    }
    drawn = table.assign(chosen=table["eta"] == eta)
    return Figure(
        name="shift",
        title=f"Forward shift of layer {number} towards {target}",
        table=table,
        about=about(layer, f"probabilities; {_COUNTERFACTUAL}"),
        code=run_lines(
            layer, run, "tables.shift", f"table = tables.curve(run, {number}, {sample})"
        ),
        answer=readings.curve(table, number, eta),
        readings=(readings.control(table, eta, None if stranger is None else show(stranger)),),
        draw=lambda dark: charts.curve(drawn, labels),
        drawn=drawn,
        alike=("shift", *labels.items()),
        **of_run(run),
    )


@kept
def _curve(layer: detok.Layer, run: detok.Run, number: int, sample: int) -> pd.DataFrame:
    return tables.curve(run, number, sample)


@kept
def by_layer(layer: detok.Layer, run: detok.Run, eta: float, number: int) -> Figure:
    """The target's probability after the shift of each layer by itself, one of them chosen."""
    table, target = _by_layer(layer, run, eta), run.model.tokenizer.show(run.target)
    drawn = table.assign(chosen=table["layer"] == number)
    return Figure(
        name="shift-layers",
        title=f"Forward shift of each layer by itself, η = {eta:g}",
        table=table,
        about=about(layer, f"probabilities of the target; {_COUNTERFACTUAL}"),
        code=run_lines(layer, run, "tables.shift", f"table = tables.by_layer(run, {eta})"),
        readings=(readings.by_layer(table, tables.layers(table), target),),
        draw=lambda dark: charts.by_layer(drawn),
        drawn=drawn,
        alike=("shift-layers",),
        **of_run(run),
    )


@kept
def _by_layer(layer: detok.Layer, run: detok.Run, eta: float) -> pd.DataFrame:
    return tables.by_layer(run, eta)
