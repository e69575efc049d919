"""Means and spreads over distances, against all pairs of the tokens that were drawn."""

import numpy as np
import pytest
import torch

import detok

DISTANCES = [0, 1, 4]


def test_mean_and_spread_are_those_of_all_pairs(rotary: detok.RotaryLayer) -> None:
    counts = np.arange(300.0)
    bias = detok.distance_bias(rotary, DISTANCES, token_counts=counts, n_drawn=30, seed=3)
    drawn = bias.tokens.tolist()
    assert len(drawn) == 30
    pairs = torch.stack(
        [detok.affinity_matrix(rotary, drawn, distance=distance) for distance in DISTANCES], dim=1
    ).flatten(2)  # (H, 3, pairs)
    close = {"rtol": 1e-7, "atol": 1e-7}
    torch.testing.assert_close(bias.mean.ee.at(DISTANCES), pairs.mean(dim=2), **close)
    torch.testing.assert_close(bias.std["ee"], pairs.std(dim=2, unbiased=False), **close)
    assert set(bias.std) == set(rotary.term_names) - {"bb"}


def test_bb_and_the_spread_of_what_one_token_gives(qwen2: detok.RotaryLayer) -> None:
    bias = detok.distance_bias(qwen2, DISTANCES, n_drawn=20)
    drawn = bias.tokens.tolist()
    terms = [detok.terms(qwen2, [token, 5, 5, 5, 6]) for token in drawn]
    be = torch.stack([term.be[:, 4, 0] for term in terms], dim=1)  # (H, 20), at distance 4
    torch.testing.assert_close(bias.mean.be.at([4])[:, 0], be.mean(dim=1))
    torch.testing.assert_close(bias.std["be"][:, 2], be.std(dim=1, unbiased=False))
    torch.testing.assert_close(bias.mean.bb.at(DISTANCES)[:, 2], terms[0].bb[:, 4, 0])


def test_tokens_are_drawn_by_how_common_they_are(qwen2: detok.RotaryLayer) -> None:
    counts = np.zeros(300)
    counts[[7, 9]] = 1
    assert set(detok.distance_bias(qwen2, token_counts=counts).tokens.tolist()) == {7, 9}
    same, again, other = (detok.distance_bias(qwen2, seed=seed).tokens for seed in (1, 1, 2))
    assert torch.equal(same, again)
    assert not torch.equal(same, other)


def test_the_attention_that_follows(rotary: detok.RotaryLayer) -> None:
    bias = detok.distance_bias(rotary, [0], n_drawn=1)
    n = min(5, rotary.n_distances)
    token = bias.tokens.tolist()
    # Of one token, the mean is itself.
    expected = detok.attention(detok.terms(rotary, token * n))[:, -1].flip(1)
    torch.testing.assert_close(bias.attention(n), expected, rtol=1e-9, atol=1e-9)


def test_refused(rotary: detok.RotaryLayer, layer: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="expected a model with rotary positions"):
        detok.distance_bias(layer)
    for arguments, found in (
        ({"distances": []}, "there are no distances"),
        ({"distances": [rotary.n_distances]}, "expected 0 ≤ distance"),
        ({"n_drawn": 0}, "n_drawn is 0"),
        ({"token_counts": np.zeros(3)}, "token_counts have shape"),
    ):
        with pytest.raises(detok.InputError, match=found):
            detok.distance_bias(rotary, **arguments)
    with pytest.raises(detok.InputError, match="n is 0"):
        detok.distance_bias(rotary, n_drawn=2).attention(0)
