"""Measures of heads of a layer with rotary positions: those of T^ee at distance 1."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import detok
from detok.counting.counts import Counts
from detok.heads.baselines import shared_scores
from detok.heads.rebuilt import best_past

TOKENS = [0, 30, 100]


def test_pair_auroc_equals_scikit_learn(rotary: detok.RotaryLayer, counts: Counts) -> None:
    found = detok.pair_auroc(rotary, counts, TOKENS)
    kept = counts.tokens > 0
    for n, token in enumerate(TOKENS):
        past, seen = counts.row(token)
        label = np.repeat([1, 0], [len(past), kept.sum()])
        weight = np.concatenate([seen, counts.tokens[kept]])
        for head, scores in enumerate(detok.affinity_scores(rotary, token, distance=1).numpy()):
            both = np.concatenate([scores[past], scores[kept]])
            expected = roc_auc_score(label, both, sample_weight=weight)
            assert found.area[head, n] == pytest.approx(expected, abs=1e-9)
            if found.best[n] >= 0:
                assert found.rank[head, n] == 1 + (scores > scores[found.best[n]]).sum()


def test_all_measures(rotary: detok.RotaryLayer, counts: Counts) -> None:
    areas = detok.auroc(rotary, counts, TOKENS)
    assert areas.area.shape == (rotary.n_heads, len(TOKENS))
    pairs = detok.pair_auroc(rotary, counts, TOKENS)
    table = detok.pair_summary(pairs, counts)
    assert len(table) == rotary.n_heads
    curves = detok.roc_curves(rotary, counts, TOKENS[0])
    for head, rows in curves.groupby("head"):
        x, y = rows["false_positive"], rows["true_positive"]
        assert np.trapezoid(y, x) == pytest.approx(areas.area[head, 0], abs=0.02)


def test_the_best_past_tokens(rotary: detok.RotaryLayer) -> None:
    best = best_past(rotary, np.array(TOKENS), k=3)
    for n, token in enumerate(TOKENS):
        expected = detok.affinity_scores(rotary, token, distance=1).topk(3, dim=1).indices
        assert best[:, n].tolist() == expected.tolist()


def test_what_all_current_tokens_share(rotary: detok.RotaryLayer, counts: Counts) -> None:
    query = detok.shared_query(rotary, counts.tokens)
    specific = detok.affinity_scores(rotary, 7, less=query)
    np.testing.assert_allclose(
        shared_scores(rotary, counts), detok.affinity_scores(rotary, 7) - specific, atol=1e-9
    )
    baselines = detok.auroc_baselines(rotary, counts, TOKENS)
    assert baselines.pair.area.shape == (1 + rotary.n_heads, len(TOKENS))
