"""The tables of the flow of information against the graph that the library makes."""

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.tables import flow as tables

SMALL = detok.Pruning(heads=3, keys=2, neurons=5, negative=2)


@pytest.fixture(scope="module")
def flow(a_run: detok.Run) -> detok.Flow:
    return detok.flow(a_run, 8, SMALL)


def test_a_name_is_of_one_part_whatever_is_pruned(a_run: detok.Run, flow: detok.Flow) -> None:
    few = tables.named(flow)
    assert few["node"].is_unique
    assert few["part"].is_unique
    every = tables.named(detok.flow(a_run, 8, detok.Pruning(4, 16, 128, 128))).set_index("node")
    own = ["layer", "kind", "head", "position", "neuron", "rank"]
    pd.testing.assert_frame_equal(every.loc[few["node"], own], few.set_index("node")[own])
    last = few[few["layer"] == 3]
    assert last["part"].tolist() == ["stream after the last layer"]
    value = few[few["kind"] == "value"].iloc[0]
    shown = a_run.model.tokenizer.show(int(a_run.ids[value["position"]]))
    assert value["past"] == f"{value['position']} {shown}"


def test_the_stream_is_the_states_and_what_is_added(flow: detok.Flow) -> None:
    table = tables.stream(flow)
    assert table["place"].tolist() == [0, *np.repeat(np.arange(0.5, 3.5, 0.5), 2)]
    states = table[table["series"] == "stream"].reset_index(drop=True)
    added = table[table["series"] != "stream"].reset_index(drop=True)
    np.testing.assert_allclose(states["adds"].diff()[1:], added["adds"], atol=1e-10)
    assert added["part"].tolist()[:2] == ["attention of layer 0", "MLP of layer 0"]
    end = states.iloc[-1]
    logits = flow.run.model.logits(flow.run.hidden[-1, 8])
    assert end["rank"] == 1 + (logits > logits[7]).sum()


@pytest.mark.parametrize(
    ("ranks", "layer", "part", "kept"),
    [
        ([9, 9, 9, 9, 1], 1, "MLP of layer 1", "MLP of layer 1"),
        ([9, 1, 9, 1, 1], 0, "attention of layer 0", "attention of layer 1"),
        ([1, 1, 1, 1, 1], 0, None, None),
        ([2, 9, 1, 1, 2], 0, None, "MLP of layer 1"),
    ],
)
def test_where_the_rank_settles(
    ranks: list[int], layer: int, part: str | None, kept: str | None
) -> None:
    adds = [f"{kind} of layer {n}" for n in range(2) for kind in ("attention", "MLP")]
    shares = [0.1, 0.2, 0.3, 0.4, 0.5]
    states = pd.DataFrame({"series": "stream", "part": "", "rank": ranks, "probability": shares})
    added = pd.DataFrame({"series": "added", "part": adds, "rank": 1, "probability": 1.0})
    found = tables.settled(pd.concat([states, added]))
    at = ranks.index(ranks[-1])
    assert (found.layer, found.part, found.kept) == (layer, part, kept)
    assert (found.before, found.after, found.last) == (shares[max(0, at - 1)], shares[at], 0.5)


def test_parts_are_those_of_some_layers(flow: detok.Flow) -> None:
    parts = tables.parts(flow, range(1, 3))
    assert parts["layer"].value_counts().to_dict() == {
        1: (flow.nodes["layer"] == 1).sum(),
        2: (flow.nodes["layer"] == 2).sum(),
        3: 1,
    }
    names = tables.named(flow)["node"].tolist()
    for row in parts.iloc[::7].itertuples():
        ((token, share),) = flow.tokens(names.index(row.node), 1)
        assert row.token_id == token
        assert row.share == pytest.approx(share)


def test_what_passes_is_between_the_parts(flow: detok.Flow) -> None:
    parts, passes = tables.parts(flow, range(1, 3)), tables.passes(flow, range(1, 3))
    assert {*passes["source"], *passes["target"]} == set(parts["node"])
    assert len(passes) == (flow.nodes["layer"].iloc[flow.edges["source"]].between(1, 2)).sum()
    assert passes.groupby("what")["relative"].max().eq(1).all()
    one = passes[passes["what"] == "score"].iloc[3]
    largest = passes[passes["what"] == "score"]["strength"].abs().max()
    assert one["relative"] == pytest.approx(abs(one["strength"]) / largest)


def test_what_stands_out(flow: detok.Flow) -> None:
    parts = tables.parts(flow, range(3))
    found = tables.leading(parts)
    heads = parts[parts["kind"] == "head"]
    assert found.head["norm"] == heads["norm"].max()
    strong = flow.edges[flow.edges["what"] == "value"]
    names = tables.named(flow)["node"]
    of_head = strong[strong["target"] == names[names == found.head["node"]].index[0]]
    assert found.value["node"] == names[of_head.loc[of_head["strength"].idxmax(), "source"]]
    small = parts[parts["kind"].isin(["head", "neuron"])]
    assert found.most["adds"] == small["adds"].max() > 0
    assert found.least["adds"] == small["adds"].min() < 0


def test_of_what_is_pruned_away_nothing_stands_out(a_run: detok.Run) -> None:
    flow = detok.flow(a_run, 0, detok.Pruning(0, 0, 0, 0))
    parts = tables.parts(flow, range(1))
    found = tables.leading(parts)
    assert (found.head, found.value, found.most, found.least) == (None, None, None, None)
    alone = tables.leading(tables.parts(detok.flow(a_run, 0, detok.Pruning(1, 0)), range(1)))
    assert alone.value is None


@pytest.mark.parametrize("keys", [0, 1, 2, 16])
def test_no_two_parts_are_drawn_in_one_place(a_run: detok.Run, keys: int) -> None:
    flow = detok.flow(a_run, 8, detok.Pruning(3, keys, 5, 2))
    placed = tables.placed(tables.parts(flow, range(1, 3)))
    assert not placed.duplicated(["lane", "slot"]).any()
    assert placed.index.equals(pd.RangeIndex(len(placed)))
    assert placed["lane_name"].iloc[-1] == "the end"
    lines = tables.lines(placed, tables.passes(flow, range(1, 3)))
    assert (lines["lane"] < lines["lane_to"]).all()
    below = lines[lines["what"] == "weight"]
    assert (below["slot"] == below["slot_to"]).all()


def test_the_tokens_of_a_part_and_of_what_it_is_beside(flow: detok.Flow) -> None:
    nodes = tables.named(flow)
    for node in ("1-state", "1-ln_1"):
        table = tables.tokens(flow, node, 4)
        for which, name in (("Before LayerNorm", "1-state"), ("After LayerNorm", "1-ln_1")):
            number = nodes.index[nodes["node"] == name][0]
            own = table[table["which"] == which]
            assert own["token_id"].tolist() == [t for t, _ in flow.tokens(number, 4)]
            assert own["rank"].tolist() == [1, 2, 3, 4]
    assert tables.tokens(flow, "3-state", 4)["which"].unique().tolist() == ["The part itself"]
    neuron = nodes[(nodes["kind"] == "neuron") & (nodes["coefficient"] < 0)].iloc[0]
    table = tables.tokens(flow, neuron["node"], 1)
    opposite = flow.run.model.logits(-flow.vectors[neuron.name])
    assert table["token_id"].tolist()[1] == opposite.argmax()
    assert table["which"].tolist() == ["Its row", "Its opposite"]


def test_a_part_that_is_not_there(flow: detok.Flow) -> None:
    with pytest.raises(detok.InputError, match="no node '9-state'"):
        tables.tokens(flow, "9-state", 1)


def test_chance_is_the_mean_of_all(a_run: detok.Run) -> None:
    found = tables.chance(a_run)
    ranks = torch.arange(1.0, a_run.model.vocab_size + 1)
    assert found["rank"] == ranks.mean().item()
    assert found["probability"] == pytest.approx(1 / len(ranks))
