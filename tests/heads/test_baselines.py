"""Scores without any knowledge of pairs, as the measures of heads find them too."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import detok
from detok.counting.counts import Counts
from detok.heads.baselines import shared_scores


def as_head(layer: detok.Layer, scores: torch.Tensor) -> detok.Layer:
    """A layer whose T^ee is (H, V) scores for every i."""
    H, V = scores.shape
    one = torch.ones(V, dtype=torch.float64)  # so that nothing is rounded, and ties stay ties
    moments = replace(layer.moments, token_mean=one)
    Q_E, K_E = one.expand(H, V)[:, :, None], scores.double()[:, :, None]  # (H, V, 1)
    return replace(layer, n_heads=H, Q_E=Q_E, K_E=K_E, moments=moments)


def without(counts: Counts, tokens: list[int]) -> Counts:
    """Counts of texts that have none of these tokens."""
    current = np.repeat(np.arange(counts.vocab_size), np.diff(counts.offsets))
    kept = ~np.isin(counts.past, tokens) & ~np.isin(current, tokens)
    sizes = np.bincount(current[kept], minlength=counts.vocab_size)
    return replace(
        counts,
        tokens=np.where(np.isin(np.arange(counts.vocab_size), tokens), 0, counts.tokens),
        offsets=np.append(0, np.cumsum(sizes)),
        past=counts.past[kept],
        pair_counts=counts.pair_counts[kept],
    )


@pytest.mark.parametrize("holes", [[], [3, 280]])
def test_they_are_what_a_head_with_those_scores_has(
    layer: detok.Layer, counts: Counts, holes: list[int]
) -> None:
    counts = without(counts, holes)
    layer = replace(layer, holes=torch.tensor(holes, dtype=torch.long))
    scores = torch.cat([torch.from_numpy(counts.tokens)[None], shared_scores(layer, counts)])
    alike = as_head(layer, scores)
    for tokens in (None, [5, 0, 299, 5]):
        found = detok.auroc_baselines(layer, counts, tokens)
        areas, pairs = detok.auroc(alike, counts, tokens), detok.pair_auroc(alike, counts, tokens)
        np.testing.assert_allclose(found.auroc.area, areas.area, atol=1e-9)
        np.testing.assert_allclose(found.pair.area, pairs.area, atol=1e-9)
        assert np.array_equal(found.auroc.known, areas.known)
        assert np.array_equal(found.auroc.itself, areas.itself)
        assert np.array_equal(found.pair.rank, pairs.rank)
        for name in ("tokens", "n_past", "weight", "best"):
            assert np.array_equal(getattr(found.pair, name), getattr(pairs, name))


def test_the_shared_part_is_the_mean_of_the_scores(layer: detok.Layer, counts: Counts) -> None:
    scores = detok.affinity_matrix(layer, range(layer.vocab_size))  # (H, V, V), from i to j
    weight = torch.from_numpy(counts.tokens / counts.tokens.sum())
    expected = (weight[:, None] * scores).sum(dim=1)
    torch.testing.assert_close(shared_scores(layer, counts), expected)


def test_frequency_looks_good_to_the_papers_measure_alone(
    layer: detok.Layer, counts: Counts
) -> None:
    found = detok.auroc_baselines(layer, counts)
    assert found.auroc.mean()[0] > 0.7
    assert found.pair.mean() == pytest.approx([0.5] * (1 + layer.n_heads), abs=1e-3)


def test_nothing_counted(layer: detok.Layer, no_counts: Counts) -> None:
    found = detok.auroc_baselines(layer, no_counts)
    assert np.isnan(found.auroc.area).all()
    assert np.isnan(found.pair.area).all()
