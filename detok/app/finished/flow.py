"""The figures of the page of information flow.

All of a graph's parts are read in the vocabulary, but only of the layers that are shown.
"""

import pandas as pd

import detok
from detok.app import cached, store
from detok.app.figure import Figure, kept
from detok.app.provenance import about, of_run, run_lines
from detok.charts import flow as charts
from detok.readings import flow as readings
from detok.tables import flow as tables

Pruning = tuple[int, int, int, int]  # heads, keys of each, strongest and most negative neurons
Layers = tuple[int, int]  # from, and up to but without

STREAM_ALONE = (0, 0, 0, 0)
VALUES = "norms; ranks and probabilities of the target in LL(x) = softmax(ln_f(x) W_U^T)"
TOP = 10
LISTED = ["part", "norm", "rank", "probability", "adds", "coefficient", "reads"]

_for_a_moment = store.kept(max_entries=4)


@kept
def stream(
    layer: detok.Layer, run: detok.Run, position: int, measure: str, shown: Layers
) -> Figure:
    """The target through the layers at one position."""
    table = tables.stream(_stream_of(run, position))
    chance = tables.chance(run).get(measure)
    return Figure(
        name="stream",
        title=f"The stream through the layers at position {position}",
        table=table,
        about=about(layer, VALUES),
        code=run_lines(
            layer,
            run,
            "tables.flow",
            _flow_in_code(position, STREAM_ALONE, (0, run.model.n_layers)),
            "table = tables.stream(flow)",
        ),
        answer=readings.settled(run, position, tables.settled(table)),
        draw=lambda dark: charts.stream(table, measure, chance, shown),
        readings=(readings.stream(position == run.n - 1),),
        **of_run(run),
    )


def settled(run: detok.Run, position: int) -> int:
    """The layer that the graph begins with, unless another is chosen."""
    return tables.settled(tables.stream(_stream_of(run, position))).layer


@kept
def graph(
    layer: detok.Layer, run: detok.Run, position: int, pruning: Pruning, shown: Layers, node: str
) -> Figure:
    """The parts of some layers, and which of them is chosen."""
    parts, passes = _shown(run, position, pruning, shown)
    nodes = tables.placed(parts).assign(chosen=parts["node"] == node)
    edges = tables.lines(nodes, passes)
    target, chance = run.model.tokenizer.show(run.target), tables.chance(run)["rank"]
    return Figure(
        name="graph",
        title=f"What reaches position {position} in layers {shown[0]} to {shown[1] - 1}",
        table=parts,
        about=about(layer, VALUES),
        code=_in_code(layer, run, position, pruning, shown, "tables.parts(flow)"),
        draw=lambda dark: charts.graph(nodes, edges, target, chance, dark),
        listed={"parts": parts[LISTED]},
        readings=(
            readings.graph(run, tables.leading(parts), len(parts), range(*shown)),
            readings.LEGEND,
        ),
        **of_run(run),
    )


@kept
def edges(
    layer: detok.Layer, run: detok.Run, position: int, pruning: Pruning, shown: Layers
) -> Figure:
    """What passes between the parts of some layers."""
    table = _shown(run, position, pruning, shown)[1]
    return Figure(
        name="edges",
        title=f"What passes in layers {shown[0]} to {shown[1] - 1}, position {position}",
        table=table,
        about=about(layer, "norms, q·k (unscaled), attention weights, activations: see what"),
        code=_in_code(layer, run, position, pruning, shown, "tables.passes(flow)"),
        listed={"": table[["source_part", "target_part", "what", "strength"]]},
        **of_run(run),
    )


def parts(
    run: detok.Run, position: int, pruning: Pruning, shown: Layers
) -> tuple[dict[str, str], str]:
    """The names of the parts that can be chosen, by node; and the one that is at first."""
    table, _ = _shown(run, position, pruning, shown)
    leading = tables.leading(table)
    first = next((row for row in (leading.most, leading.head) if row is not None), table.iloc[0])
    return dict(zip(table["node"], table["part"], strict=True)), first["node"]


@kept
def tokens(
    layer: detok.Layer, run: detok.Run, position: int, pruning: Pruning, shown: Layers, node: str
) -> Figure:
    """What a part of the graph reads as."""
    table = tables.tokens(cached.flow_of(run, position, pruning, shown), node, TOP)
    parts, _ = _shown(run, position, pruning, shown)
    row = parts[parts["node"] == node].iloc[0]
    return Figure(
        name="tokens",
        title=f"What the {row['part']} reads as",
        table=table,
        about=about(layer, "probabilities in LL(x) = softmax(ln_f(x) W_U^T)"),
        code=_in_code(
            layer, run, position, pruning, shown, f"tables.tokens(flow, {node!r}, {TOP})"
        ),
        answer=readings.part(run, row),
        listed={
            which: rows[["token", "probability"]]
            for which, rows in table.groupby("which", sort=False)
        },
        **of_run(run),
    )


@_for_a_moment
def _shown(
    run: detok.Run, position: int, pruning: Pruning, shown: Layers
) -> tuple[pd.DataFrame, pd.DataFrame]:
    flow = cached.flow_of(run, position, pruning, shown)
    return tables.parts(flow), tables.passes(flow)


def _stream_of(run: detok.Run, position: int) -> detok.Flow:
    return cached.flow_of(run, position, STREAM_ALONE, (0, run.model.n_layers))


def _flow_in_code(position: int, pruning: Pruning, layers: Layers) -> str:
    return f"flow = detok.flow(run, {position}, detok.Pruning{pruning}, range{layers})"


def _in_code(
    layer: detok.Layer,
    run: detok.Run,
    position: int,
    pruning: Pruning,
    shown: Layers,
    table: str,
) -> str:
    made = _flow_in_code(position, pruning, shown)
    return run_lines(layer, run, "tables.flow", made, f"table = {table}")
