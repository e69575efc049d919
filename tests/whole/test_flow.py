"""The graph of a position: parts that add up to the whole, and pruning that keeps the strongest."""

from typing import Any

import pandas as pd
import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from tests.support.whole import same

EVERYTHING = detok.Pruning(heads=4, keys=16, neurons=128, negative=128)


@pytest.mark.parametrize("position", [0, 4, 8])
def test_what_is_written_adds_up_to_the_logit(
    whole: detok.Model, oracle: GPT2LMHeadModel, ids: list[int], a_run: detok.Run, position: int
) -> None:
    flow = detok.flow(a_run, position, EVERYTHING)
    nodes = flow.nodes
    with torch.no_grad():
        logit = oracle(torch.tensor([ids])).logits[0, position, 7].item()
    constant = (oracle.transformer.ln_f.bias @ whole.W_U[7]).item()
    adds = nodes.groupby("kind")["adds"].sum()
    first = nodes.query("layer == 0 and kind == 'state'")["adds"].item()
    assert first + adds["attention"] + adds["mlp"] + constant == pytest.approx(logit, abs=1e-10)
    last = nodes.query("layer == 3 and kind == 'state'").iloc[0]
    assert last["adds"] + constant == pytest.approx(logit, abs=1e-10)
    with torch.no_grad():
        probability = oracle(torch.tensor([ids])).logits[0, position].softmax(0)[7].item()
    assert last["probability"] == pytest.approx(probability)
    # The biases of the output projection and the second matrix are no head's and no neuron's.
    for part, all_of_them, bias in (("head", "attention", "attn"), ("neuron", "mlp", "mlp")):
        biases = sum(
            flow_added(whole, a_run, position, getattr(block, bias).c_proj.bias)
            for block in whole.blocks
        )
        assert adds[part] + biases == pytest.approx(adds[all_of_them], abs=1e-10)
    assert adds["value"] == pytest.approx(adds["head"], abs=1e-10)


def flow_added(whole: detok.Model, run: detok.Run, position: int, x: torch.Tensor) -> float:
    last = run.hidden[-1, position]
    ln_f = whole.network.transformer.ln_f
    sigma = (last.var(correction=0) + ln_f.eps).sqrt()
    return ((x - x.mean()) / sigma * ln_f.weight @ whole.W_U[7]).item()


def test_vectors_are_what_they_are_called(a_run: detok.Run) -> None:
    flow = detok.flow(a_run, 8, EVERYTHING)
    nodes, vectors = flow.nodes, flow.vectors

    def of(**wanted: Any) -> torch.Tensor:
        rows = nodes
        for name, value in wanted.items():
            rows = rows[rows[name] == value]
        return vectors[rows.index.tolist()]

    for layer in range(3):
        same(of(layer=layer, kind="state")[0], a_run.hidden[layer, 8])
        same(of(layer=layer, kind="between")[0], a_run.between[layer, 8])
        same(of(layer=layer, kind="ln_2")[0], a_run.mlp_inputs[layer, 8])
        written = of(layer=layer, kind="attention")[0] + of(layer=layer, kind="state")[0]
        same(written, of(layer=layer, kind="between")[0])
        written = of(layer=layer, kind="mlp")[0] + of(layer=layer, kind="between")[0]
        same(written, a_run.hidden[layer + 1, 8])
        block = a_run.model.blocks[layer]
        read = of(layer=layer, kind="ln_1")[0]
        for head in range(4):
            bias = block.attn.c_attn.bias[8 * head : 8 * head + 8]
            for j in range(9):
                key = of(layer=layer, kind="key", head=head, position=j)[0]
                k = a_run.keys[layer, head, j]
                same(read @ key + bias @ k, a_run.queries[layer, head, 8] @ k)
    assert nodes["norm"].tolist() == pytest.approx(vectors.norm(dim=1).tolist())


def test_pruning_keeps_the_strongest(a_run: detok.Run) -> None:
    full = detok.flow(a_run, 8, EVERYTHING)
    cut = detok.flow(a_run, 8, detok.Pruning(heads=2, keys=1, neurons=3, negative=2))
    for layer in range(3):
        every, few = (nodes[nodes["layer"] == layer] for nodes in (full.nodes, cut.nodes))
        heads = every.query("kind == 'head'").nlargest(2, "norm")["head"]
        assert set(few.query("kind == 'head'")["head"]) == set(heads)
        assert (few["kind"] == "value").sum() == (few["kind"] == "key").sum() == 2
        for value in few.query("kind == 'value'").itertuples():
            others = every.query("kind == 'value' and head == @value.head")
            assert value.coefficient * value.norm == pytest.approx(
                (others["coefficient"] * others["norm"]).max()
            )
        neurons = every.query("kind == 'neuron'")
        strength = (neurons["coefficient"] * neurons["norm"]).set_axis(neurons["neuron"])
        expected = {*strength.nlargest(3).index, *strength.nsmallest(2).index}
        assert set(few.query("kind == 'neuron'")["neuron"]) == expected
        assert (strength.nsmallest(2) < 0).all()


def test_edges_carry_what_passes(a_run: detok.Run) -> None:
    flow = detok.flow(a_run)
    assert flow.position == 8
    nodes, edges = flow.nodes, flow.edges
    kinds = nodes["kind"]
    between = zip(kinds[edges["source"]], kinds[edges["target"]], edges["what"], strict=True)
    assert set(between) == {
        *(("state", "ln_1", "stream"), ("state", "between", "stream")),
        *(("ln_1", "key", "score"), ("key", "value", "weight"), ("value", "head", "value")),
        *(("head", "attention", "output"), ("attention", "between", "sum")),
        *(("between", "ln_2", "stream"), ("between", "state", "stream")),
        *(("ln_2", "neuron", "activation"), ("neuron", "mlp", "neuron"), ("mlp", "state", "sum")),
    }
    for edge in edges.itertuples():
        source, target = nodes.loc[edge.source], nodes.loc[edge.target]
        if edge.what in ("stream", "sum", "output"):
            assert edge.strength == pytest.approx(source["norm"])
        elif edge.what in ("value", "neuron"):
            assert edge.strength == pytest.approx(source["coefficient"] * source["norm"])
        elif edge.what in ("activation", "weight"):
            assert edge.strength == pytest.approx(target["coefficient"])
        else:
            layer, head, j = source["layer"], target["head"], target["position"]
            score = a_run.queries[layer, head, 8] @ a_run.keys[layer, head, j]
            assert edge.strength == pytest.approx(score.item())
    # Everything but the first state is made of something, and all but the last goes on.
    assert set(edges["target"]) | set(edges["source"]) == set(nodes.index)


def test_tokens_and_ranks(oracle: GPT2LMHeadModel, a_run: detok.Run) -> None:
    flow = detok.flow(a_run)
    for node in range(0, len(flow.nodes), 17):
        with torch.no_grad():
            logits = oracle.lm_head(oracle.transformer.ln_f(flow.vectors[node]))
        order = logits.argsort(descending=True).tolist()
        assert flow.nodes.loc[node, "rank"] == 1 + order.index(7)
        found = flow.tokens(node, 3)
        assert [token for token, _ in found] == order[:3]
        assert found[0][1] == pytest.approx(logits.softmax(0).max().item())


def test_one_token_a_full_text_and_nothing_kept(whole: detok.Model) -> None:
    one = detok.flow(detok.run(whole, [5]))
    assert set(one.nodes["position"].dropna()) == {0}
    full = detok.flow(detok.run(whole, range(16)), 15)
    assert len(full.nodes) > len(one.nodes)
    bare = detok.flow(detok.run(whole, [5]), pruning=detok.Pruning(0, 0, 0, 0))
    assert len(bare.nodes) == 3 * 6 + 1
    assert len(bare.edges) == 3 * 6


def test_what_it_cannot_take(a_run: detok.Run) -> None:
    with pytest.raises(detok.InputError, match="position is 9; expected 0 ≤ position < n = 9"):
        detok.flow(a_run, 9)
    with pytest.raises(detok.InputError, match="heads is -1; expected how many to keep"):
        detok.flow(a_run, pruning=detok.Pruning(heads=-1))
    with pytest.raises(detok.InputError, match="node is -1"):
        detok.flow(a_run).tokens(-1)
    with pytest.raises(detok.InputError, match=r"pruning is \(1, 2\); expected a detok.Pruning"):
        detok.flow(a_run, pruning=(1, 2))
    with pytest.raises(detok.InputError, match="k is 0"):
        detok.flow(a_run).tokens(0, 0)


@pytest.mark.parametrize("layers", [range(1), range(1, 3), range(2, 3)])
def test_of_some_layers_it_is_the_part_of_the_whole_that_they_are(
    a_run: detok.Run, layers: range
) -> None:
    whole, some = detok.flow(a_run, 8), detok.flow(a_run, 8, layers=layers)
    after = (whole.nodes["kind"] == "state") & (whole.nodes["layer"] == layers.stop)
    kept = whole.nodes["layer"].isin(layers) | after
    pd.testing.assert_frame_equal(some.nodes, whole.nodes[kept].reset_index(drop=True))
    same(some.vectors, whole.vectors[kept.to_numpy(copy=True)], 0)
    edges = whole.edges[whole.nodes["layer"].iloc[whole.edges["source"]].isin(layers).to_numpy()]
    assert some.edges["strength"].tolist() == edges["strength"].tolist()


@pytest.mark.parametrize(
    "layers", [range(0), range(4), range(-1, 2), range(0, 3, 2), range(3, 4), [0]]
)
def test_layers_that_there_are_not(a_run: detok.Run, layers: range) -> None:
    with pytest.raises(detok.InputError, match="expected some of range\\(0, 3\\), one after"):
        detok.flow(a_run, layers=layers)
