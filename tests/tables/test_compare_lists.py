"""The lists of two heads hold what the library computes."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.tables import compare_lists as tables
from detok.tables.compare import Side


@pytest.mark.parametrize("direction", ["past", "current"])
def test_lists_of_one_model(sides: tuple[Side, Side], layer: detok.Layer, direction: str) -> None:
    common = tables.tokens_in_both(layer, layer)
    found = tables.lists(*sides, (70, 70), 40, direction, common)
    scores = detok.affinity_scores(layer, 70, side=direction)  # (2, V)
    for head, table in enumerate((found.left, found.right)):
        best = detok.affinity(layer, 70, heads=head, k=40, side=direction)
        assert table["token_id"].tolist() == best["token_id"].tolist()
        for row in table.itertuples():
            there = scores[1 - head]
            assert row.other_rank == 1 + (there > there[row.token_id]).sum()
            assert row.in_both is (row.other_rank <= 40)
    both = set(found.left["token_id"]) & set(found.right["token_id"])
    assert found.n_in_both == len(both) > 0
    assert found.by_chance == pytest.approx(40**2 / layer.vocab_size)
    ranks = [pd.Series(row.numpy()).rank() for row in scores]
    assert found.correlation == pytest.approx(ranks[0].corr(ranks[1]))
    listed = tables.listed(found)
    assert len(listed) == 80 - len(both)
    assert (listed["where"] == "both").sum() == len(both)
    assert (listed["left_id"] == listed["right_id"]).all()
    ranks = (-scores).argsort(dim=1).argsort(dim=1).numpy()
    assert scores.unique(dim=1).shape == scores.shape
    assert listed["left"].tolist() == (1 + ranks[0, listed["left_id"]]).tolist()
    assert listed["right"].tolist() == (1 + ranks[1, listed["right_id"]]).tolist()
    alike = tables.lists(sides[0], sides[0], (70, 70), 40, direction, common)
    assert (alike.n_in_both, alike.correlation) == (40, pytest.approx(1))


def test_lists_of_two_vocabularies(two_models: tuple[Side, Side]) -> None:
    """Tokens are the same where they stand for the same bytes."""
    left, right = two_models
    common = tables.tokens_in_both(left.layer, right.layer)
    names = [side.layer.tokenizer.bytes_of for side in two_models]
    for here, there in enumerate(common.tolist()):
        if there >= 0:
            assert names[0](here) == names[1](there)
    theirs = {names[1](t) for t in range(420)}
    assert (common >= 0).sum() == len({names[0](t) for t in range(300)} & theirs)
    found = tables.lists(left, right, (70, int(common[70])), 300, "past", common)
    assert found.sizes == (300, 420)
    assert len(found.right) == 300
    n = found.n_common
    assert found.by_chance == pytest.approx(n * (300 / 300) * (300 / 420))
    back = tables.tokens_in_both(right.layer, left.layer)
    absent = found.right[back[found.right["token_id"]] < 0]
    assert absent["other_rank"].isna().all()
    assert not absent["in_both"].any()
    for row in tables.listed(found).itertuples():
        assert names[0](row.left_id) == names[1](row.right_id)
    assert found.left["in_both"].sum() == found.right["in_both"].sum() == found.n_in_both


def test_chance_is_what_random_lists_have() -> None:
    generator = np.random.default_rng(0)
    both = [
        len(set(generator.permutation(100)[:20]) & set(generator.permutation(100)[:20]))
        for _ in range(2000)
    ]
    assert np.mean(both) == pytest.approx(20**2 / 100, abs=0.15)
