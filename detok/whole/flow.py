"""How information flows to one position of a text: each layer's strongest parts, as a graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_amount, check_index
from detok.whole.run import Run
from detok.whole.standing import standing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Pruning(Displayed):
    """How many of its strongest parts each layer keeps."""

    heads: int = 10  # with the largest norm of what they pass on
    keys: int = 2  # of each head: with the largest norm of what passes, weight times value
    neurons: int = 18  # with the largest coefficient times norm
    negative: int = 7  # neurons with the most negative one

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, int) or value < 0:
                raise InputError(f"{name} is {value!r}; expected how many to keep, 0 or more")


@dataclass(frozen=True, eq=False, repr=False)
class Flow(Displayed, then=("flow.nodes", "flow.edges", "flow.tokens(node)")):
    """What one position of a text is made of, layer by layer, each part read in the vocabulary.

    `nodes`: layer, kind, head, position, neuron; `norm` of its vector; `rank` (1: most probable)
    and `probability` of the target in LL(x) = softmax(ln_f(x) W_Uᵀ); `coefficient` (a neuron's
    activation, a value's attention weight); and `adds`, what it adds to the target's logit at this
    position directly, through the last LayerNorm with the σ that it has there (NaN for what is not
    written to the residual stream). The kinds, in the order of a layer, and their vectors:

    state      the residual stream before the layer      attention  all heads, with the bias
    ln_1       what its heads read                       between    the stream after attention
    key        k_j in d by W_Q, see below                ln_2       what its neurons read
    value      v_j in d by W_O                           neuron     its row of the second matrix
    head       its output in d by W_O                    mlp        all neurons, with the bias

    The product of ln_1 with a key in d is their score, but for the bias of the query: it is what a
    state must hold to read that key. The last state is that of "layer" B, from which the model
    answers.

    `edges`: source and target (numbers of nodes), `what` passes and its `strength`: "stream",
    "sum", "output" and "value" a norm; "score" q · k, unscaled; "weight" an attention weight;
    "activation" a neuron's; "neuron" activation times norm of its row, negative where it writes the
    opposite.
    """

    run: Run
    position: int
    nodes: "pd.DataFrame"
    edges: "pd.DataFrame"
    vectors: torch.Tensor  # (nodes, d)

    def tokens(self, node: int, k: int = 10) -> list[tuple[int, float]]:
        """The k most probable tokens in LL of a node's vector, by id with their probability.

        Raises: InputError for a node that there is not, or k below 1.
        """
        check_index("node", node, len(self.vectors), "nodes")
        check_amount("k", k)
        probabilities = self.run.model.logits(self.vectors[node]).softmax(dim=0)  # (V,)
        best = probabilities.topk(min(k, len(probabilities)))
        return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


@torch.inference_mode()
def flow(
    run: Run,
    position: int | None = None,
    pruning: Pruning | None = None,
    layers: range | None = None,
) -> Flow:
    """The graph of what reaches one position, by default the last, with what is strongest.

    Of all layers, unless some that follow one another are asked for: nearly all of the time goes
    into reading each part in the vocabulary. From "VISIT: Visualizing and Interpreting the Semantic
    Information Flow of Transformers" (Katz and Belinkov).

    Raises: InputError for a position that the text does not have, layers that the model has not, or
    a pruning that is none.
    """
    i = run.n - 1 if position is None else position
    check_index("position", i, run.n, "n")
    every = range(run.model.n_layers)
    chosen = every if layers is None else layers
    is_some = isinstance(chosen, range) and len(chosen) > 0
    if not is_some or chosen != every[chosen[0] : chosen[-1] + 1]:
        raise InputError(f"layers are {layers!r}; expected some of {every!r}, one after the other")
    kept = Pruning() if pruning is None else pruning
    if not isinstance(kept, Pruning):
        raise InputError(f"pruning is {pruning!r}; expected a detok.Pruning")
    graph = _Graph(run, i, kept, chosen[0])
    for layer in chosen:
        graph.add_layer(layer)
    return graph.finished()


class _Graph:
    """The nodes and edges while they are collected."""

    def __init__(self, run: Run, position: int, pruning: Pruning, first: int) -> None:
        self.run, self.i, self.pruning = run, position, pruning
        self.nodes: list[dict[str, Any]] = []
        self.vectors: list[torch.Tensor] = []  # (d,) each
        self.edges: list[tuple[int, int, str, float]] = []
        self.state = self.node(first, "state", run.hidden[first, position])

    def node(self, layer: int, kind: str, vector: torch.Tensor, **own: float) -> int:
        self.nodes.append({"layer": layer, "kind": kind, **own})
        self.vectors.append(vector)
        return len(self.nodes) - 1

    def edge(self, source: int, target: int, what: str, strength: float | None = None) -> None:
        """An edge; what passes is all of its source, unless its strength is given."""
        if strength is None:
            strength = self.vectors[source].norm().item()
        self.edges.append((source, target, what, strength))

    def add_layer(self, layer: int) -> None:
        run, i, before = self.run, self.i, self.state
        block = run.model.blocks[layer]
        read = self.node(layer, "ln_1", block.ln_1(run.hidden[layer, i]))
        self.edge(before, read, "stream")
        output = block.attn.c_proj(run.heads[layer, :, i].flatten())  # (d,)
        attention = self.node(layer, "attention", output)
        self.add_heads(layer, read, attention)
        between = self.node(layer, "between", run.between[layer, i])
        self.edge(before, between, "stream")
        self.edge(attention, between, "sum")
        read = self.node(layer, "ln_2", run.mlp_inputs[layer, i])
        self.edge(between, read, "stream")
        mlp = self.node(layer, "mlp", block.mlp.c_proj(run.neurons[layer, i]))
        self.add_neurons(layer, read, mlp)
        self.state = self.node(layer + 1, "state", run.hidden[layer + 1, i])
        self.edge(between, self.state, "stream")
        self.edge(mlp, self.state, "sum")

    def add_heads(self, layer: int, read: int, attention: int) -> None:
        run, i = self.run, self.i
        model, part = run.model, run.model.blocks[layer].attn
        W_Q, _, _ = part.c_attn.weight.chunk(3, dim=1)  # (d, d), the heads side by side
        W_Q = W_Q.unflatten(1, (model.n_heads, -1)).transpose(0, 1)  # (H, d, d')
        W_O = part.c_proj.weight.unflatten(0, (model.n_heads, -1))  # (H, d', d)
        outputs = (run.heads[layer, :, i, None] @ W_O)[:, 0]  # (H, d)
        for h in _largest(outputs.norm(dim=1), self.pruning.heads):
            head = self.node(layer, "head", outputs[h], head=h)
            self.edge(head, attention, "output")
            weights = run.attention[layer, h, i, : i + 1]  # (i + 1,)
            values = run.values[layer, h, : i + 1] @ W_O[h]  # (i + 1, d)
            scores = run.keys[layer, h, : i + 1] @ run.queries[layer, h, i]  # (i + 1,)
            for j in _largest(weights * values.norm(dim=1), self.pruning.keys):
                weight = weights[j].item()
                vector = W_Q[h] @ run.keys[layer, h, j]  # (d,)
                key = self.node(layer, "key", vector, head=h, position=j)
                value = self.node(layer, "value", values[j], head=h, position=j, coefficient=weight)
                self.edge(read, key, "score", scores[j].item())
                self.edge(key, value, "weight", weight)
                self.edge(value, head, "value", weight * values[j].norm().item())

    def add_neurons(self, layer: int, read: int, mlp: int) -> None:
        rows = self.run.model.blocks[layer].mlp.c_proj.weight  # (m, d)
        coefficients = self.run.neurons[layer, self.i]  # (m,)
        strengths = coefficients * rows.norm(dim=1)
        strongest = _largest(strengths, self.pruning.neurons)
        negative = [
            n
            for n in _largest(-strengths, self.pruning.negative)
            if strengths[n] < 0 and n not in strongest
        ]
        for n in strongest + negative:
            coefficient = coefficients[n].item()
            neuron = self.node(layer, "neuron", rows[n], neuron=n, coefficient=coefficient)
            self.edge(read, neuron, "activation", coefficient)
            self.edge(neuron, mlp, "neuron", strengths[n].item())

    def finished(self) -> Flow:
        # Imported here: it takes long, and only this needs it.
        import pandas as pd

        vectors = torch.stack(self.vectors)  # (nodes, d)
        columns = ["layer", "kind", "head", "position", "neuron", "coefficient"]
        nodes = pd.DataFrame(self.nodes, columns=columns)
        nodes = nodes.astype({"head": "Int64", "position": "Int64", "neuron": "Int64"})
        nodes["norm"] = vectors.norm(dim=1).tolist()
        target = standing(self.run.model, vectors, self.run.target)
        nodes["rank"], nodes["probability"] = target.most.tolist(), target.probabilities.tolist()
        adds = pd.Series(self.added(vectors).tolist()) * nodes["coefficient"].fillna(1.0)
        nodes["adds"] = adds.where(~nodes["kind"].isin(["ln_1", "ln_2", "key"]))
        edges = pd.DataFrame(self.edges, columns=["source", "target", "what", "strength"])
        return Flow(self.run, self.i, nodes, edges, vectors)

    def added(self, vectors: torch.Tensor) -> torch.Tensor:
        """What vectors in the residual stream add to the target's logit, (nodes,)."""
        ln_f = self.run.model.network.transformer.ln_f
        last = self.run.hidden[-1, self.i]  # (d,)
        sigma = (last.var(correction=0) + ln_f.eps).sqrt()
        centred = vectors - vectors.mean(dim=1, keepdim=True)
        return centred @ (ln_f.weight * self.run.model.W_U[self.run.target]) / sigma


def _largest(values: torch.Tensor, k: int) -> list[int]:
    """Where the k largest of some values are, or all if there are fewer; the largest first."""
    return values.topk(min(k, len(values))).indices.tolist()
