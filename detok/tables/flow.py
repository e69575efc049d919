"""The tables of how information flows to one position, layer by layer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.errors import InputError
from detok.tables import text
from detok.tables.common import array, long
from detok.whole.flow import Flow
from detok.whole.run import Run

# The kinds of parts in the order of the flow, and what the graph calls the lane of each.
_LANES = {
    "state": "stream",
    "ln_1": "ln_1",
    "key": "keys",
    "value": "values",
    "head": "heads",
    "attention": "attention",
    "between": "stream",
    "ln_2": "ln_2",
    "neuron": "neurons",
    "mlp": "MLP",
}
_PLACES = {"state": 0.0, "attention": 0.5, "between": 0.5, "mlp": 1.0}  # in a layer
SERIES = {
    "state": "stream",
    "between": "stream",
    "attention": "attention",
    "mlp": "MLP",
}
# What LayerNorm makes of which part of the same layer.
NORMALIZED = {"state": "ln_1", "between": "ln_2"}
_NAMES = {
    "state": "stream before layer {layer}",
    "ln_1": "ln_1 of layer {layer}",
    "key": "key of {token} in head {head} of layer {layer}",
    "value": "value of {token} in head {head} of layer {layer}",
    "head": "head {head} of layer {layer}",
    "attention": "attention of layer {layer}",
    "between": "stream after attention in layer {layer}",
    "ln_2": "ln_2 of layer {layer}",
    "neuron": "neuron {neuron} of layer {layer}",
    "mlp": "MLP of layer {layer}",
}
_LAST = "stream after the last layer"


def chance(run: Run) -> dict[str, float]:
    """The target's rank, on average, and probability if it were one token as any other."""
    V = run.model.vocab_size
    return {"rank": (V + 1) / 2, "probability": 1 / V}


def named(flow: Flow) -> pd.DataFrame:
    """The nodes of a graph, each with a name: `node`, the same however much is pruned, and `part`.

    "8-value-11-3" is the value of position 3 in head 11 of layer 8; `part` says so in words, and
    `past` is what stands at the position of a key or a value.
    """
    labels = text.labels(flow.run.model, flow.run.ids.tolist())
    nodes = flow.nodes
    columns = nodes[["layer", "kind", "head", "position", "neuron"]].astype(object)
    names, parts, past = [], [], []
    for row in columns.itertuples(index=False):
        numbers = [number for number in row[2:] if not pd.isna(number)]
        names.append("-".join(map(str, [row.layer, row.kind, *numbers])))
        token = None if pd.isna(row.position) else labels[row.position]
        past.append(token)
        is_last = row.kind == "state" and row.layer == flow.run.model.n_layers
        words = {"layer": row.layer, "head": row.head, "neuron": row.neuron, "token": token}
        parts.append(_LAST if is_last else _NAMES[row.kind].format(**words))
    return nodes.assign(node=names, part=parts, past=past)


def stream(flow: Flow) -> pd.DataFrame:
    """The residual stream through all layers, and what attention and MLP of each add to it.

    Columns: node, part, layer, kind, series (what it is in words), place (on an axis of layers: a
    layer begins at its number), norm, rank, probability, adds.
    """
    nodes = named(flow)
    nodes = nodes[nodes["kind"].isin(_PLACES)]
    nodes = nodes.assign(
        place=nodes["layer"] + nodes["kind"].map(_PLACES), series=nodes["kind"].map(SERIES)
    )
    columns = ["node", "part", "layer", "kind", "series", "place", "norm", "rank"]
    return nodes[[*columns, "probability", "adds"]].reset_index(drop=True)


@dataclass(frozen=True)
class Settled:
    """Where the target has the rank in the stream that it has in the end."""

    rank: int
    layer: int  # that first brings it there; the first one if it was there before
    part: str | None  # of that layer, which does so; None before all layers
    kept: str | None  # the part after which it has that rank from there on; None before all
    before: float  # the target's probability before `part`, and after it
    after: float
    last: float  # and after all layers


def settled(stream: pd.DataFrame) -> Settled:
    """Which part of a layer first brings the target to its final rank, of the table `stream`."""
    states = stream[stream["series"] == "stream"].reset_index(drop=True)  # 2B + 1
    ranks, probability = states["rank"], states["probability"]
    others = ranks.index[ranks != ranks.iloc[-1]]
    first = int((ranks == ranks.iloc[-1]).idxmax())
    kept = int(others[-1]) + 1 if len(others) else 0
    adds = stream[stream["series"] != "stream"]["part"].tolist()  # 2B, each before its state
    return Settled(
        rank=int(ranks.iloc[-1]),
        layer=max(0, first - 1) // 2,
        part=adds[first - 1] if first else None,
        kept=adds[kept - 1] if kept else None,
        before=probability[max(0, first - 1)],
        after=probability[first],
        last=probability.iloc[-1],
    )


def parts(flow: Flow, layers: range) -> pd.DataFrame:
    """The nodes of some layers, and the stream after them, each with what it reads as.

    Columns: those of `named`, and token_id, reads (the most probable token in LL) and its share.
    """
    nodes = named(flow)
    after = (nodes["kind"] == "state") & (nodes["layer"] == layers.stop)
    nodes = nodes[nodes["layer"].isin(layers) | after]
    best, shares = _best(flow.run, flow.vectors[nodes.index.tolist()], 1)
    ids = best[:, 0].tolist()
    show = flow.run.model.tokenizer.show
    nodes = nodes.assign(
        token_id=ids, reads=[show(token) for token in ids], share=shares[:, 0].tolist()
    )
    columns = ["node", "part", "layer", "kind", "head", "position", "past", "neuron", "norm"]
    columns += ["rank", "probability", "coefficient", "adds", "token_id", "reads", "share"]
    return nodes[columns].reset_index(drop=True)


def passes(flow: Flow, layers: range) -> pd.DataFrame:
    """The edges between the nodes of `parts`.

    Columns: source and target (names of nodes), source_part and target_part (in words), what,
    strength, relative (its amount over the largest of the same `what` here).
    """
    nodes = named(flow)
    ends = {end: nodes.iloc[flow.edges[end]].reset_index(drop=True) for end in ("source", "target")}
    amount = flow.edges["strength"].abs()
    edges = flow.edges.assign(
        source_part=ends["source"]["part"],
        target_part=ends["target"]["part"],
        source=ends["source"]["node"],
        target=ends["target"]["node"],
        relative=amount,
    )[ends["source"]["layer"].isin(layers)]
    largest = edges.groupby("what")["relative"].transform("max")
    edges = edges.assign(relative=edges["relative"] / largest.where(largest > 0, 1.0))
    columns = ["source", "target", "source_part", "target_part", "what", "strength", "relative"]
    return edges[columns].reset_index(drop=True)


@dataclass(frozen=True)
class Leading:
    """What stands out among the parts of some layers: rows of `parts`, None of what is not kept."""

    head: pd.Series | None  # with the largest norm
    value: pd.Series | None  # the strongest of that head
    most: pd.Series | None  # the head or neuron that adds most to the target's logit
    least: pd.Series | None  # and that which takes most from it


def leading(parts: pd.DataFrame) -> Leading:
    """What stands out among some `parts`."""
    head = _row(parts[parts["kind"] == "head"], "norm")
    value = None
    if head is not None:
        of_head = (parts["layer"] == head["layer"]) & (parts["head"] == head["head"])
        values = parts[of_head & (parts["kind"] == "value")]
        value = _row(values.assign(passed=values["norm"] * values["coefficient"]), "passed")
    small = parts[parts["kind"].isin(["head", "neuron"])]
    most, least = _row(small, "adds"), _row(small.assign(takes=-small["adds"]), "takes")
    return Leading(
        head=head,
        value=value,
        most=None if most is None or most["adds"] <= 0 else most,
        least=None if least is None or least["adds"] >= 0 else least,
    )


def _row(table: pd.DataFrame, column: str) -> pd.Series | None:
    return None if table.empty else table.loc[table[column].idxmax()]


def placed(parts: pd.DataFrame) -> pd.DataFrame:
    """`parts` with a place in the drawn graph each: `lane`, downwards, and `slot`, to the right.

    The stream is at slot 0. From 1 on are the parts of a layer, the strongest first: keys and
    values below each other, and their head below the middle of them. `lane_name` says what a lane
    holds, and `label` what stands beside a node.
    """
    slots = pd.Series(0.0, parts.index)
    for _, rows in parts.groupby("layer"):
        free = 1
        for _, of_head in rows.groupby("head", sort=False):
            n = max(1, (of_head["kind"] == "key").sum())
            for kind, own in of_head.groupby("kind"):
                slots[own.index] = free + ((n - 1) / 2 if kind == "head" else np.arange(len(own)))
            free += n
        neurons = rows.index[rows["kind"] == "neuron"]
        slots[neurons] = 1.0 + np.arange(len(neurons))
        slots[rows.index[rows["kind"].isin(["ln_1", "attention"])]] = max(free, 2) / 2
        slots[rows.index[rows["kind"].isin(["ln_2", "mlp"])]] = max(len(neurons) + 1, 2) / 2
    places = {kind: lane for lane, kind in enumerate(_LANES)}
    begun = (parts["layer"] - parts["layer"].min()) * len(_LANES)
    label = parts["head"].astype("string").where(parts["kind"] == "head", "")
    layers = ("layer " + parts["layer"].astype(str)).where(parts["part"] != _LAST, "the end")
    return parts.assign(
        slot=slots,
        lane=begun + parts["kind"].map(places),
        lane_name=parts["kind"].map(_LANES).where(parts["kind"] != "state", layers),
        label=label.where(parts["kind"] != "value", parts["past"]),
    )


def lines(placed: pd.DataFrame, passes: pd.DataFrame) -> pd.DataFrame:
    """`passes` with the places of both ends: slot and lane, slot_to and lane_to."""
    places = placed.set_index("node")
    return passes.assign(
        slot=passes["source"].map(places["slot"]),
        lane=passes["source"].map(places["lane"]),
        slot_to=passes["target"].map(places["slot"]),
        lane_to=passes["target"].map(places["lane"]),
    )


def tokens(flow: Flow, node: str, k: int) -> pd.DataFrame:
    """The k most probable tokens in LL of a node, and of what it is read beside.

    Columns: which, rank, token_id, token, probability. `which` is "Before LayerNorm" and "After
    LayerNorm" where the one is made of the other, else "Its row" and "Its opposite" of a neuron
    with a negative activation, which adds that, or "The part itself".

    Raises: InputError for a node that the graph does not have.
    """
    nodes = flow.nodes.assign(node=named(flow)["node"])
    found = nodes[nodes["node"] == node]
    if found.empty:
        raise InputError(f"there is no node {node!r} in the graph; expected one that it keeps")
    row = found.iloc[0]
    vector = flow.vectors[found.index[0]]
    read = {"The part itself": vector}
    for before, after in NORMALIZED.items():
        pair = nodes[(nodes["layer"] == row["layer"]) & nodes["kind"].isin([before, after])]
        if row["kind"] in (before, after) and len(pair) == 2:
            both = flow.vectors[pair.index.tolist()]
            read = dict(zip(("Before LayerNorm", "After LayerNorm"), both, strict=True))
    if row["kind"] == "neuron" and row["coefficient"] < 0:
        read = {"Its row": vector, "Its opposite": -vector}
    best, shares = _best(flow.run, torch.stack(list(read.values())), k)
    table = long(
        {"which": read, "rank": range(1, best.shape[1] + 1)},
        token_id=best.cpu().numpy(),
        probability=array(shares),
    )
    show = flow.run.model.tokenizer.show
    table["token"] = [show(token) for token in table["token_id"]]
    return table[["which", "rank", "token_id", "token", "probability"]]


def _best(run: Run, vectors: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k most probable tokens in LL of some vectors, (rows, k), and their probabilities."""
    with torch.inference_mode():
        shares = run.model.logits(vectors).softmax(dim=1)
        best = shares.topk(min(k, shares.shape[1]))
    return best.indices, best.values
