"""The tables of reversed attention hold what the library computes."""

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.tables import reversed as tables


@pytest.fixture(scope="module")
def found(a_run: detok.Run) -> detok.ReversedAttention:
    return detok.reversed_attention(a_run)


def test_every_head_of_every_layer_has_its_norms(found: detok.ReversedAttention) -> None:
    table = tables.norms(found)
    assert len(table) == 12
    for row in table.itertuples():
        assert row.reversed == found.R[row.layer, row.head].norm().item()
        assert row.forward == found.forward_norms[row.layer, row.head]
    assert table["share"].sum() == pytest.approx(1)
    best = tables.largest(table, "reversed").iloc[0]
    assert best["reversed"] == table["reversed"].max()


def test_even_attention_has_the_smallest_norm(found: detok.ReversedAttention) -> None:
    even = torch.ones(9, 9).tril() / torch.arange(1, 10)[:, None]
    assert tables.even_norm(9) == pytest.approx(even.norm().item())
    assert (tables.norms(found)["forward"] > tables.even_norm(9)).all()


def test_the_pairs_of_a_head(
    first: detok.Layer, a_run: detok.Run, found: detok.ReversedAttention
) -> None:
    table = tables.pairs(first, a_run, found, 1, 2)
    assert len(table) == 45
    for row in table.sample(9, random_state=0).itertuples():
        assert row.reversed == found.R[1, 2, row.i, row.j]
        assert row.attention == a_run.attention[1, 2, row.i, row.j]
        assert (row.token_id_i, row.token_id_j) == tuple(a_run.ids[[row.i, row.j]].tolist())
        assert row.current == f"{row.i} {first.tokenizer.show(row.token_id_i)}"
    inside = tables.window(table, range(2, 5))
    assert set(inside["i"]) == {2, 3, 4}
    assert inside["j"].min() == 2


def test_the_strongest_pairs(
    first: detok.Layer, a_run: detok.Run, found: detok.ReversedAttention
) -> None:
    every = tables.pairs(first, a_run, found, 1, 2)
    table = tables.strongest(every)
    expected = found.strongest(1, 2)
    assert list(zip(table["i"], table["j"], table["reversed"], strict=True)) == expected
    share, n = tables.share(table, every)
    assert share == pytest.approx(sum(abs(R) for *_, R in expected) / every["reversed"].abs().sum())
    assert n == (found.R[1, 2] != 0).sum()
    assert tables.share(every, every)[0] == pytest.approx(1)
    assert (tables.one(every)["i"], tables.one(every)["j"]) == expected[0][:2]
    assert (tables.one(every, 3, 1)["i"], tables.one(every, 3, 1)["j"]) == (3, 1)
    of_row = every[every["i"] == 3]
    assert abs(tables.one(every, 3)["reversed"]) == of_row["reversed"].abs().max()


def test_in_the_last_layer_only_the_last_row_has_a_gradient(
    first: detok.Layer, a_run: detok.Run, found: detok.ReversedAttention
) -> None:
    table = tables.strongest(tables.pairs(first, a_run, found, 2, 0))
    assert set(table["i"]) == {8}
    assert len(table) == 9


def test_of_one_token_nothing_is_strongest(first: detok.Layer, a_run: detok.Run) -> None:
    one = detok.run(a_run.model, [5])
    found = detok.reversed_attention(one)
    every = tables.pairs(first, one, found, 0, 0)
    assert tables.strongest(every).empty
    assert tables.share(tables.strongest(every), every) == (0, 0)
    assert tables.norms(found)["share"].tolist() == [0] * 12
    assert tables.one(every)[["i", "j"]].tolist() == [0, 0]


def test_patching(first: detok.Layer, a_run: detok.Run, found: detok.ReversedAttention) -> None:
    etas = [3.0, -0.1, 0.0, -300.0]
    patched = detok.patched(a_run.model, a_run.ids, found, etas)
    table = tables.patching(patched, a_run.target)
    assert table["eta"].tolist() == sorted(etas)
    as_it_is = table[table["eta"] == 0].iloc[0]
    assert as_it_is["probability"] == pytest.approx(a_run.probability)
    assert as_it_is["loss"] == pytest.approx(a_run.loss)
    np.testing.assert_allclose(np.exp(-table["loss"]), table["probability"])
    below = tables.lowered(table)
    assert below["eta"].tolist() == [-0.1, -300]
    assert below["is_lower"].tolist()[0]  # a small step against the gradient


def test_what_lowers_the_loss_is_told_by_the_loss() -> None:
    table = pd.DataFrame({"eta": [-9.0, -1.0, 0.0, 1.0], "loss": [3.0, 1.0, 2.0, 5.0]})
    assert tables.lowered(table)["is_lower"].tolist() == [True, False]


def test_the_steps_are_of_both_signs_and_the_model_is_among_them() -> None:
    assert list(tables.ETAS) == sorted(set(tables.ETAS))
    assert {-eta for eta in tables.ETAS if eta > 0} < set(tables.ETAS)
    assert 0 in tables.ETAS
