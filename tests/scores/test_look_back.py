"""Where heads look by place alone, against attention and scores of texts."""

import numpy as np
import pytest
import torch

import detok
from detok.scores.look_back import look_back, usual_place


def test_of_learned_positions_it_is_the_summary(layer: detok.Layer) -> None:
    table = look_back(layer, 9)
    summary = detok.position_summary(layer, 9)
    assert table.equals(summary[table.columns])
    assert {"head", "mass_last_5_at_9", "mass_first_at_9"} <= set(table)


def test_of_rotary_ones_it_is_the_attention_between_copies_of_a_token(
    rotary: detok.RotaryLayer,
) -> None:
    """If only one token is ever drawn, its own scores are the means."""
    counts = np.zeros(300)
    counts[7] = 1
    i = 11
    table = look_back(rotary, i, token_counts=counts)
    attention = detok.attention(detok.terms(rotary, [7] * (i + 1)))[:, i].numpy()
    for column, expected in (
        ("mass_last_1_at_11", attention[:, -1]),
        ("mass_last_5_at_11", attention[:, -5:].sum(axis=1)),
        ("mass_last_16_at_11", attention.sum(axis=1)),
        ("mass_first_at_11", attention[:, 0]),
    ):
        np.testing.assert_allclose(table[column], expected, atol=1e-9)
    # Nothing but distance varies.
    share = table["distance_share"]
    assert share.isna().all() or np.allclose(share, 1)


def test_the_share_of_distance_is_that_of_all_pairs(rotary: detok.RotaryLayer) -> None:
    distances = list(range(min(5, rotary.n_distances)))
    bias = detok.distance_bias(rotary, distances, n_drawn=12, seed=2)
    drawn = bias.tokens.tolist()
    shape = rotary.n_heads, len(drawn), len(drawn), len(distances)
    scores = torch.empty(shape, dtype=torch.float64)  # (H, i, j, Δ)
    for n, i in enumerate(drawn):
        for m, j in enumerate(drawn):
            for distance in distances:
                of_i, of_j = torch.tensor([i]), torch.tensor([j])
                q, k = rotary.queries(of_i)[:, 0], rotary.keys(of_j)[:, 0]
                q = q if rotary.b_Q is None else q + rotary.b_Q
                k = k if rotary.b_K is None else k + rotary.b_K
                lost = 0 if rotary.slopes is None else rotary.slopes * distance
                scores[:, n, m, distance] = (rotary.turned(q, distance) * k).sum(dim=1) - lost
    of_a_row = scores.flatten(2).var(dim=2, correction=0).mean(dim=1)
    by_distance = scores.mean(dim=(1, 2)).var(dim=1, correction=0)
    torch.testing.assert_close(bias.share, by_distance / of_a_row, rtol=1e-6, atol=1e-9)
    whole = detok.terms(rotary, [drawn[1], *[5] * (distances[-1] - 1), drawn[0]]).total[:, -1, 0]
    torch.testing.assert_close(scores[:, 0, 1, -1], whole)


def test_nothing_varies_over_one_token_and_one_distance(rotary: detok.RotaryLayer) -> None:
    counts = np.zeros(300)
    counts[7] = 1
    assert detok.distance_bias(rotary, [0], token_counts=counts).share.isnan().all()


def test_the_usual_place(layer: detok.Layer, qwen2: detok.RotaryLayer) -> None:
    assert usual_place([layer]) == (layer.n_positions - 1) // 2
    assert usual_place([layer, qwen2]) == usual_place([layer])
    assert 0 < usual_place([qwen2]) < min(qwen2.n_positions, 1024) - 1


def test_a_position_that_the_model_does_not_have(
    layer: detok.Layer, qwen2: detok.RotaryLayer
) -> None:
    for of in (layer, qwen2):
        for i in (of.n_positions, -1, 1.5, "3"):
            with pytest.raises(detok.InputError, match=f"position {i!r} is out of range"):
                look_back(of, i)
