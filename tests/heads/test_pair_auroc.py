"""Pair AUROC against scikit-learn, and what has 1/2 and 1 by construction."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from sklearn.metrics import roc_auc_score

import detok
from detok import InputError
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads import sweep, weights as weights_module
from detok.heads.areas import Positives, pair_areas_by_ranks, pair_areas_by_search
from detok.heads.pair_auroc import _PairAreas, best_predecessors
from detok.heads.weights import Weights
from detok.scores.affinity import affinity_scores


def circular(ids: np.ndarray, vocab_size: int) -> Counts:
    """Counts of a text whose last token stands before its first: Σ_i c(j, i) = c(j)."""
    counts = count_ids(np.append(ids, ids[0]), vocab_size)
    return replace(counts, tokens=np.bincount(ids, minlength=vocab_size))


@pytest.fixture(scope="module")
def text(layer: detok.Layer) -> np.ndarray:
    return (np.random.default_rng(1).pareto(0.9, 20_000) * 3).astype(int) % layer.vocab_size


def sklearn_area(
    scores: np.ndarray, past: np.ndarray, seen: np.ndarray, background: np.ndarray
) -> float:
    """Positives and background are two lists of tokens, and a token may be in both."""
    kept = background > 0
    both = np.concatenate([scores[past], scores[kept]])
    label = np.repeat([1, 0], [len(past), kept.sum()])
    return roc_auc_score(label, both, sample_weight=np.concatenate([seen, background[kept]]))


@pytest.mark.parametrize(("block", "ranked"), [(1, 1), (4, 700), (128, 1 << 20)])
def test_it_equals_scikit_learn(
    layer: detok.Layer, counts: Counts, block: int, ranked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BLOCK", block)
    monkeypatch.setattr(sweep, "RANKED", ranked)
    tokens = [0, 250, 1, 30, 100, 0]
    found = detok.pair_auroc(layer, counts, tokens)
    assert found.area.shape == (layer.n_heads, len(tokens))
    for n, token in enumerate(tokens):
        scores = affinity_scores(layer, token).numpy()
        expected = [sklearn_area(row, *counts.row(token), counts.tokens) for row in scores]
        assert found.area[:, n].tolist() == pytest.approx(expected, abs=1e-9)
        best = best_predecessors(counts, np.array([token]))[0]
        assert found.best[n] == best
        ranks = (scores > scores[:, [best]]).sum(axis=1) + 1 if best >= 0 else [0, 0]
        assert found.rank[:, n].tolist() == list(ranks)


@given(st.data())
def test_both_ways_equal_scikit_learn_with_ties(data: st.DataObject) -> None:
    width, n_rows = data.draw(st.integers(2, 30)), data.draw(st.integers(1, 3))
    value = st.one_of(st.integers(-3, 3), st.floats(-(2.0**100), 2.0**100, width=32))
    row = st.lists(value, min_size=width, max_size=width)
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    scores = np.array(data.draw(st.lists(row, min_size=n_rows, max_size=n_rows)), dtype=dtype)
    weight = st.lists(st.integers(0, 1000), min_size=width, max_size=width)
    background = np.array(data.draw(weight), dtype=np.float64)
    past, seen = [], []
    for _ in range(n_rows):
        n = data.draw(st.integers(0, width))
        past.append(np.array(data.draw(st.permutations(range(width)))[:n], dtype=np.int64))
        some = st.lists(st.integers(1, 1000), min_size=n, max_size=n)
        seen.append(np.array(data.draw(some), dtype=np.int64))
    sizes = np.array([len(p) for p in past])
    row_of = np.repeat(np.arange(n_rows), sizes)
    positives = Positives(row_of, np.concatenate(past), np.concatenate(seen), sizes)
    repeated = np.tile(background, (n_rows + 1, 1))
    bits = data.draw(st.sampled_from([0, 18]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights_module, "COLUMN_BITS", bits)  # none: every vocabulary is too large
        below = Weights(n_rows, width, dtype)
        area = pair_areas_by_ranks(scores, positives, repeated, below)
    searched = pair_areas_by_search(
        torch.from_numpy(scores), positives, torch.from_numpy(background)
    )
    for r in range(n_rows):
        if sizes[r] and background.any():
            expected = sklearn_area(scores[r], past[r], seen[r], background)
            assert area[r] == pytest.approx(expected, abs=1e-9)
            assert searched[r].item() == pytest.approx(expected, abs=1e-9)
        else:
            assert np.isnan([area[r], searched[r].item()]).all()


def test_what_does_not_depend_on_i_has_one_half(layer: detok.Layer, text: np.ndarray) -> None:
    """Even a score that rises with frequency, as the paper's measure has far above 1/2."""
    counts = circular(text, layer.vocab_size)
    Q_E, K_E = torch.zeros_like(layer.Q_E), layer.K_E.clone()
    Q_E[..., 0] = layer.moments.token_mean
    K_E[0, :, 0] = torch.from_numpy(counts.tokens) * layer.moments.token_mean
    same = replace(layer, Q_E=Q_E, K_E=K_E)
    found = detok.pair_auroc(same, counts)
    assert found.mean().tolist() == pytest.approx([0.5] * layer.n_heads, abs=1e-9)
    assert detok.auroc(same, counts).mean()[0] > 0.7


def test_the_last_token_of_a_document_is_what_one_half_is_missed_by(
    layer: detok.Layer, text: np.ndarray
) -> None:
    """One pair is missing of twenty thousand, and a first token has no predecessor."""
    counts = count_ids(text, layer.vocab_size)
    Q_E = torch.zeros_like(layer.Q_E)
    Q_E[..., 0] = layer.moments.token_mean
    off = detok.pair_auroc(replace(layer, Q_E=Q_E), counts).mean() - 0.5
    assert (np.abs(off) < 2 / len(text)).all()


def test_a_head_that_knows_the_pairs_has_nearly_one(layer: detok.Layer) -> None:
    """T^ee is the pointwise mutual information itself, in a head as wide as the vocabulary."""
    V = layer.vocab_size
    generator = np.random.default_rng(0)
    follows = generator.permutation(V)  # each token has one successor, nine times of ten
    ids = [0]
    for other in generator.integers(0, V, 20_000):
        ids.append(other if generator.random() < 0.1 else follows[ids[-1]])
    counts = circular(np.array(ids), V)
    seen = counts.pairs(np.arange(V)[:, None], np.arange(V)).T  # (current, past)
    c = np.maximum(counts.tokens, 1)
    pmi = np.log(np.maximum(seen, 1e-3) * c.sum() / (c * c[:, None]))
    Q_E = torch.from_numpy(pmi)[None] * layer.moments.token_mean[:, None]  # (1, V, V)
    K_E = torch.eye(V, dtype=Q_E.dtype)[None] * layer.moments.token_mean[:, None]
    knows = replace(layer, n_heads=1, Q_E=Q_E, K_E=K_E)
    found = detok.pair_auroc(knows, counts)
    assert found.mean() > 0.95
    assert found.unweighted_mean() > 0.95
    assert found.share_in_first(1) == found.share_of_any(1) == 1
    assert (found.best[found.has_best] == np.argsort(follows)[found.has_best]).mean() > 0.99


def test_a_gpu_would_find_the_same(layer: detok.Layer, counts: Counts) -> None:
    found = detok.pair_auroc(layer, counts)
    other = replace(found, area=np.full_like(found.area, np.nan), rank=0 * found.rank)
    measure = _PairAreas(layer, counts, other)
    for start in range(0, layer.vocab_size, 90):
        columns = np.arange(start, min(start + 90, layer.vocab_size))
        sweep.fill_on_gpu(layer, counts, other.tokens, measure, columns)
    np.testing.assert_allclose(other.area, found.area, atol=1e-12)
    assert np.array_equal(other.rank, found.rank)


def test_the_true_predecessor_is_surprising_and_seen_often_enough() -> None:
    """3 is before 0 twelve times of twelve, but 1 of a hundred and 2 nine times of nine."""
    ids = [3, 0, 4] * 12 + [1, 0, 4] * 50 + [1, 4] * 50 + [2, 0, 4] * 9
    counts = count_ids(np.array(ids), 6)
    assert best_predecessors(counts, np.array([0, 5, 0])).tolist() == [3, -1, 3]
    assert best_predecessors(counts, np.array([0]), least=9).tolist() == [3]  # of equals, more seen
    assert best_predecessors(counts, np.array([0]), least=13).tolist() == [1]
    assert best_predecessors(Counts.empty(6), np.arange(6)).tolist() == [-1] * 6


def test_means_and_shares(layer: detok.Layer, counts: Counts) -> None:
    found = detok.pair_auroc(layer, counts)
    has = found.has_area
    assert has.tolist() == (found.n_past > 0).tolist()
    weight = counts.tokens[has]
    np.testing.assert_allclose(found.mean(), found.area[:, has] @ weight / weight.sum())
    np.testing.assert_allclose(found.unweighted_mean(), found.area[:, has].mean(axis=1))
    first = found.in_first(20)[:, found.best >= 0]
    np.testing.assert_allclose(found.share_in_first(20), first.mean(axis=1))
    assert found.share_of_any(20) == first.any(axis=0).mean() >= first.mean(axis=1).max()
    again = found.at(np.array([5, 5, 7]))
    assert again.tokens.tolist() == [5, 5, 7]
    np.testing.assert_array_equal(again.area, found.area[:, [5, 5, 7]])
    np.testing.assert_array_equal(again.rank, found.rank[:, [5, 5, 7]])


def test_nothing_counted_has_none(layer: detok.Layer, no_counts: Counts) -> None:
    found = detok.pair_auroc(layer, no_counts, [1, 2])
    assert np.isnan(found.area).all()
    assert np.isnan([found.mean(), found.unweighted_mean(), found.share_in_first(3)]).all()
    assert np.isnan(found.share_of_any(3))
    assert detok.pair_auroc(layer, no_counts, []).area.shape == (layer.n_heads, 0)


def test_progress_may_cancel(layer: detok.Layer, counts: Counts) -> None:
    def cancel(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        detok.pair_auroc(layer, counts, progress=cancel)


def test_refused_input(layer: detok.Layer, counts: Counts) -> None:
    with pytest.raises(InputError, match="out of range"):
        detok.pair_auroc(layer, counts, [layer.vocab_size])
    with pytest.raises(InputError, match="vocabulary of 12 tokens"):
        detok.pair_auroc(layer, count_ids(np.array([1]), 12), [0])


def test_float32_ties_equal_scikit_learn(checkpoint: Path, counts: Counts) -> None:
    layer = detok.load(str(checkpoint), device="cpu", dtype=torch.float32)
    copied = torch.arange(layer.vocab_size) % 60
    sigma = replace(layer.moments, token_mean=layer.moments.token_mean[copied])
    layer = replace(layer, K_E=layer.K_E[:, copied], Q_E=layer.Q_E[:, copied], moments=sigma)
    found = detok.pair_auroc(layer, counts, [0, 100]).area
    for n, token in enumerate([0, 100]):
        scores = affinity_scores(layer, token).numpy()
        expected = [sklearn_area(row, *counts.row(token), counts.tokens) for row in scores]
        assert found[:, n].tolist() == pytest.approx(expected, abs=1e-9)


def test_pairs_inside_words_alone(layer: detok.Layer) -> None:
    counts = detok.count(["unfit (unfit), unfit"] * 3, layer.tokenizer)
    inside = counts.padded(layer.vocab_size).within_words()
    table = detok.pair_auroc(layer, inside)
    seen = np.isfinite(table.area[0])
    assert seen.any()
    assert seen.tolist() == (table.n_past > 0).tolist()
    assert table.n_past.sum() == len(inside.past) < len(counts.past)
