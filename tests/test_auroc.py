"""AUROC of T^ee against scikit-learn, with weights, ties, and tokens that have none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import detok
from detok import InputError
from detok import auroc as module
from detok.affinity import affinity_scores
from detok.auroc import auroc, weighted_area
from detok.counts import Counts, count_ids


@pytest.fixture(scope="module")
def counts(layer: detok.Layer) -> Counts:
    """Text with rare and frequent tokens, in which token 7 only ever begins a document."""
    V = layer.vocab_size
    ids = (np.random.default_rng(1).pareto(0.8, 20_000) * 3).astype(int) % (V - 1)
    ids[ids == 7] = 8
    ids[::100] = V - 1
    ids[1::100] = 7
    return count_ids(ids, V, end_of_text=V - 1)


def sklearn_auroc(scores: torch.Tensor, past: np.ndarray, weights: np.ndarray) -> float:
    y, w = np.zeros(len(scores)), np.ones(len(scores))
    y[past], w[past] = 1, weights
    return roc_auc_score(y, scores.numpy(), sample_weight=w)


@pytest.mark.parametrize("block_scores", [1, 5000, 1 << 22])
def test_it_equals_scikit_learn(
    layer: detok.Layer, counts: Counts, block_scores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_SCORES", block_scores)
    tokens = [0, 250, 1, 30, 100, 0]
    areas = auroc(layer, counts, tokens)
    assert areas.shape == (layer.n_heads, len(tokens))
    for n, token in enumerate(tokens):
        scores = affinity_scores(layer, token)
        expected = [sklearn_auroc(row, *counts.row(token)) for row in scores]
        assert areas[:, n].tolist() == pytest.approx(expected, abs=1e-9)


def test_tokens_without_predecessors_have_none(layer: detok.Layer, counts: Counts) -> None:
    areas = auroc(layer, counts, [7, 0, layer.vocab_size - 1])
    assert areas.isnan().all(dim=0).tolist() == [True, False, True]


def test_tokens_without_negatives_have_none(layer: detok.Layer) -> None:
    ids = np.stack([np.arange(layer.vocab_size), np.full(layer.vocab_size, 5)], axis=1).ravel()
    assert auroc(layer, count_ids(ids, layer.vocab_size), [5]).isnan().all()


def test_equal_scores_count_half(layer: detok.Layer, counts: Counts) -> None:
    flat = replace(layer, K_E=torch.zeros_like(layer.K_E))
    assert auroc(flat, counts, [0, 30]).tolist() == [[0.5, 0.5]] * layer.n_heads


@given(st.data())
def test_the_area_equals_scikit_learn_with_ties(data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 30))
    n = data.draw(st.integers(1, width - 1))
    past = data.draw(st.permutations(range(width)))[:n]
    weights = data.draw(st.lists(st.integers(1, 1000), min_size=n, max_size=n))
    row = st.lists(st.integers(-3, 3), min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=1, max_size=3))
    scores = torch.tensor(rows, dtype=torch.float32)
    before = scores.clone()
    areas = weighted_area(scores, torch.tensor(past), torch.tensor(weights))
    expected = [sklearn_auroc(row, np.array(past), np.array(weights)) for row in scores]
    assert areas.tolist() == pytest.approx(expected, abs=1e-9)
    assert torch.equal(scores, before)


def test_no_tokens_give_no_columns(layer: detok.Layer, counts: Counts) -> None:
    assert auroc(layer, counts, []).shape == (layer.n_heads, 0)


def test_refused_input(layer: detok.Layer, counts: Counts) -> None:
    with pytest.raises(InputError, match="out of range"):
        auroc(layer, counts, [layer.vocab_size])
    with pytest.raises(InputError, match="vocabulary of 12 tokens"):
        auroc(layer, count_ids(np.array([1]), 12), [0])
