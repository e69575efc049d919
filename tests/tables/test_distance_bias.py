"""The tables over distances hold what the library computes."""

import pytest
import torch

import detok
from detok.tables import distance_bias as tables

IDS = [70, 12, 250, 12, 9, 9, 31, 5, 6, 7]


def test_curves_have_the_mean_and_spread_of_each_term(qwen2: detok.RotaryLayer) -> None:
    bias = detok.distance_bias(qwen2, [0, 3, 9], n_drawn=20)
    table = tables.curves(bias)
    assert len(table) == len(qwen2.term_names) * qwen2.n_heads * 3
    for row in table.itertuples():
        mean = getattr(bias.mean, row.term).at([row.distance])[row.head, 0].item()
        assert row.mean == pytest.approx(mean)
        std = 0
        if row.term != "bb":
            std = bias.std[row.term][row.head, [0, 3, 9].index(row.distance)].item()
        assert (row.low, row.high) == pytest.approx((mean - std, mean + std))


def test_where_a_mean_is_largest(qwen2: detok.RotaryLayer) -> None:
    bias = detok.distance_bias(qwen2, n_drawn=20)
    largest = tables.largest(tables.curves(bias))
    for name in qwen2.term_names:
        of_term = largest[largest["term"] == name]
        assert of_term["distance"].tolist() == bias.mean.largest(128, name).tolist()
        values = getattr(bias.mean, name).at(range(128))
        span = (values.amax(dim=1) - values.amin(dim=1)).tolist()
        assert of_term["span"].tolist() == pytest.approx(span)


def test_measured_attention_is_told_by_distance(qwen2: detok.RotaryLayer) -> None:
    bias, measured = detok.distance_bias(qwen2), detok.mean_attention(qwen2, [IDS, IDS[::-1]], 5)
    table = tables.attention(bias, measured, 6)
    for row in table.itertuples():
        assert row.mean == measured.mean[row.head, 5 - row.distance].item()
        assert row.expected == pytest.approx(bias.attention(6)[row.head, row.distance].item())
    masses = tables.masses(table)
    expected = bias.attention(6)[:, :5].sum(dim=1).mean().item()
    assert masses["near_expected"] == pytest.approx(expected)
    mean = measured.mean.flip(1)
    assert masses["near_mean"] == pytest.approx(mean[:, :5].sum(dim=1).mean().item())
    overlap = torch.minimum(bias.attention(6), mean).sum(dim=1).mean().item()
    assert masses["overlap"] == pytest.approx(overlap)
    alone = tables.masses(tables.attention(bias, None, 1))
    assert (alone["n_near"], alone["near_expected"], alone["near_even"]) == (1, 1, 1)
