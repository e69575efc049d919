"""AUROC of T^ee against scikit-learn, with weights, ties, and tokens that have none."""

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
from detok.heads import sweep
from detok.heads.areas import TOP, Positives, areas_by_ranks, areas_by_search
from detok.heads.auroc import _Areas, auroc
from detok.heads.ranks import Ranks
from detok.scores.affinity import affinity_scores


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


@pytest.mark.parametrize(("block", "ranked"), [(1, 1), (4, 700), (128, 1 << 20)])
def test_it_equals_scikit_learn(
    layer: detok.Layer, counts: Counts, block: int, ranked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BLOCK", block)
    monkeypatch.setattr(sweep, "RANKED", ranked)
    tokens = [0, 250, 1, 30, 100, 0]
    areas = auroc(layer, counts, tokens).area
    assert areas.shape == (layer.n_heads, len(tokens))
    for n, token in enumerate(tokens):
        scores = affinity_scores(layer, token)
        expected = [sklearn_auroc(row, *counts.row(token)) for row in scores]
        assert areas[:, n].tolist() == pytest.approx(expected, abs=1e-9)


def test_tokens_without_predecessors_have_none(layer: detok.Layer, counts: Counts) -> None:
    areas = auroc(layer, counts, [7, 0, layer.vocab_size - 1]).area
    assert np.isnan(areas).all(axis=0).tolist() == [True, False, True]


def test_tokens_without_negatives_have_none(layer: detok.Layer) -> None:
    ids = np.stack([np.arange(layer.vocab_size), np.full(layer.vocab_size, 5)], axis=1).ravel()
    assert np.isnan(auroc(layer, count_ids(ids, layer.vocab_size), [5]).area).all()


def test_equal_scores_count_half(layer: detok.Layer, counts: Counts) -> None:
    flat = replace(layer, K_E=torch.zeros_like(layer.K_E))
    assert auroc(flat, counts, [0, 30]).area.tolist() == [[0.5, 0.5]] * layer.n_heads


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ties_equal_scikit_learn(checkpoint: Path, counts: Counts, dtype: torch.dtype) -> None:
    """Every token has five or so copies, which are positives as well as negatives."""
    layer = detok.load(str(checkpoint), device="cpu", dtype=dtype)
    copied = torch.arange(layer.vocab_size) % 60
    sigma = replace(layer.moments, token_mean=layer.moments.token_mean[copied])
    layer = replace(layer, K_E=layer.K_E[:, copied], Q_E=layer.Q_E[:, copied], moments=sigma)
    tokens = [0, 1, 2, 30, 100, 299]
    found = auroc(layer, counts, tokens).area
    for n, token in enumerate(tokens[:-1]):
        scores = affinity_scores(layer, token)
        expected = [sklearn_auroc(row, *counts.row(token)) for row in scores]
        assert found[:, n].tolist() == pytest.approx(expected, abs=1e-9)


@given(st.data())
def test_both_ways_equal_scikit_learn_with_ties(data: st.DataObject) -> None:
    width = data.draw(st.integers(2, 30))
    n_rows = data.draw(st.integers(1, 3))
    value = st.one_of(st.integers(-3, 3), st.floats(-(2.0**100), 2.0**100, width=32))
    row = st.lists(value, min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=n_rows, max_size=n_rows))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    scores = np.array(rows, dtype=dtype)
    before = scores.copy()
    past, weights = [], []
    for _ in range(n_rows):
        n = data.draw(st.integers(0, width))
        past.append(np.array(data.draw(st.permutations(range(width)))[:n], dtype=np.int64))
        weight = st.lists(st.integers(1, 1000), min_size=n, max_size=n)
        weights.append(np.array(data.draw(weight), dtype=np.int64))
    sizes = np.array([len(p) for p in past])
    positives = Positives(
        np.repeat(np.arange(n_rows), sizes), np.concatenate(past), np.concatenate(weights), sizes
    )
    area, known = areas_by_ranks(scores, positives, Ranks(n_rows, width, dtype))
    searched, known_searched = areas_by_search(torch.from_numpy(scores), positives)
    assert np.array_equal(scores, before)
    for r in range(n_rows):
        if 0 < sizes[r] < width:
            expected = sklearn_auroc(torch.from_numpy(scores[r]), past[r], weights[r])
            assert area[r] == pytest.approx(expected, abs=1e-9)
            assert searched[r].item() == pytest.approx(expected, abs=1e-9)
        else:
            assert np.isnan([area[r], searched[r].item()]).all()
        above = (scores[r] > scores[r, past[r], None]).sum(axis=1)
        assert known[r] == known_searched[r] == min(TOP, (above < TOP).sum())


@given(st.data())
def test_ranks_equal_those_of_a_sort(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    value = st.one_of(
        st.sampled_from([0.0, -0.0, 1.0, 1e-45, -1e-45, 1e38, -1e38]),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    )
    width = data.draw(st.integers(1, 40))
    rows = np.array(
        data.draw(
            st.lists(st.lists(value, min_size=width, max_size=width), min_size=1, max_size=3)
        ),
        dtype=dtype,
    )
    place = st.tuples(st.integers(0, len(rows) - 1), st.integers(0, width - 1))
    row, column = np.array(data.draw(st.lists(place, min_size=1, unique=True))).T
    found = Ranks(4, width, dtype)(rows, row, column)
    other = np.ones_like(rows, dtype=bool)
    other[row, column] = False
    chosen, there = rows[row, column, None], rows[row]
    below, at_most = (there < chosen) & other[row], (there <= chosen) & other[row]
    for ours, expected in zip(found, (below, at_most, there > chosen), strict=True):
        assert ours.tolist() == expected.sum(axis=1).tolist()


def test_ranks_of_many_values_that_are_used_again() -> None:
    """More values than bins, and memory that still holds the rows before."""
    generator = np.random.default_rng(0)
    ranks = Ranks(3, 20_000, np.float32)
    for scale in (1, 1e-3, 1e6):
        rows = (generator.standard_t(2, (3, 20_000)) * scale).astype(np.float32)
        row, column = np.divmod(generator.permutation(rows.size)[:500], rows.shape[1])
        below, at_most, above = ranks(rows, row, column)
        others = rows.copy()
        others[row, column] = np.inf
        others.sort(axis=1)
        for n, (r, c) in enumerate(zip(row, column, strict=True)):
            assert below[n] == np.searchsorted(others[r], rows[r, c])
            assert at_most[n] == np.searchsorted(others[r], rows[r, c], side="right")
            assert above[n] == (rows[r] > rows[r, c]).sum()


def test_a_gpu_would_find_the_same(layer: detok.Layer, counts: Counts) -> None:
    found = auroc(layer, counts)
    other = replace(found, area=np.full_like(found.area, np.nan), known=0 * found.known)
    for start in range(0, layer.vocab_size, 90):
        columns = np.arange(start, min(start + 90, layer.vocab_size))
        sweep.fill_on_gpu(layer, counts, other.tokens, _Areas(other), columns)
    np.testing.assert_allclose(other.area, found.area, atol=1e-12)
    assert np.array_equal(other.known, found.known)
    assert np.array_equal(other.itself, found.itself)


def test_the_best_past_tokens(layer: detok.Layer, counts: Counts) -> None:
    tokens = [0, 7, 30, 250]
    found = auroc(layer, counts, tokens)
    for n, token in enumerate(tokens):
        best = affinity_scores(layer, token).topk(TOP, dim=1).indices.numpy()  # (H, TOP)
        known = np.isin(best, counts.row(token)[0]).sum(axis=1)
        assert found.known[:, n].tolist() == known.tolist()
        assert found.itself[:, n].tolist() == (best[:, 0] == token).tolist()
        assert found.n_past[n] == len(counts.row(token)[0])


def test_all_tokens_are_what_each_is_by_itself(layer: detok.Layer, counts: Counts) -> None:
    found = auroc(layer, counts)
    assert found.tokens.tolist() == list(range(layer.vocab_size))
    some = auroc(layer, counts, [250, 3])
    np.testing.assert_allclose(some.area, found.area[:, [250, 3]], atol=1e-12)


def test_the_mean_by_both_conventions(layer: detok.Layer, counts: Counts) -> None:
    found = auroc(layer, counts, [0, 7, 30, layer.vocab_size - 1])
    assert found.n_left_out == 2
    assert found.has_area.tolist() == [True, False, True, False]
    np.testing.assert_allclose(found.mean(), found.area[:, [0, 2]].mean(axis=1))
    np.testing.assert_allclose(found.mean("authors"), found.area[:, [0, 2]].sum(axis=1) / 4)
    assert np.isnan(auroc(layer, counts, [7]).mean()).all()
    assert (auroc(layer, counts, [7]).mean("authors") == 0).all()
    with pytest.raises(InputError, match="'ours'; expected 'paper' or 'authors'"):
        found.mean("ours")


def test_progress_ends_with_all_and_may_cancel(layer: detok.Layer, counts: Counts) -> None:
    seen: list[tuple[int, int]] = []
    auroc(layer, counts, progress=lambda done, total: seen.append((done, total)))
    V = layer.vocab_size
    assert seen[0] == (0, V)
    assert seen[-1] == (V, V)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})

    def cancel(done: int, total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        auroc(layer, counts, progress=cancel)


def test_no_tokens_give_no_columns(layer: detok.Layer, counts: Counts) -> None:
    assert auroc(layer, counts, []).area.shape == (layer.n_heads, 0)


def test_refused_input(layer: detok.Layer, counts: Counts) -> None:
    with pytest.raises(InputError, match="out of range"):
        auroc(layer, counts, [layer.vocab_size])
    with pytest.raises(InputError, match="vocabulary of 12 tokens"):
        auroc(layer, count_ids(np.array([1]), 12), [0])
