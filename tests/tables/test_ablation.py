"""The tables of attention without some terms hold what the library computes."""

import pytest
import torch

import detok
from detok.tables import ablation as tables

IDS = [70, 12, 250, 12, 9, 9, 31]


def test_attention_maps_and_rows(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS), ["pp"])
    table = tables.attention(layer, IDS, ablation, [0, 1], range(1, 5))
    assert len(table) == 2 * 10
    for cell in table.sample(10, random_state=0).itertuples():
        assert cell.full == pytest.approx(ablation.full[cell.head, cell.i, cell.j].item(), abs=1e-5)
        assert cell.left == pytest.approx(ablation.left[cell.head, cell.i, cell.j].item(), abs=1e-5)
        assert (cell.token_id_i, cell.token_id_j) == (IDS[cell.i], IDS[cell.j])
    one = detok.ablate(detok.terms(layer, IDS, heads=1), ["pp"])
    torch.testing.assert_close(one.full[0], ablation.full[1])
    row = tables.row(layer, IDS, one, 5)
    assert row.groupby("attention")["weight"].sum().tolist() == pytest.approx([1, 1])


def test_how_far_each_head_has_moved(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS), ["ee"])
    table = tables.divergences(ablation, [0, 1], 3)
    assert table["mean"].is_monotonic_decreasing
    for row in table.itertuples():
        nats = ablation.divergence[row.head]
        assert (row.at_i, row.largest) == (nats[3], nats.max())
        assert row.mean == pytest.approx(nats.mean().item())
        assert row.largest_at == nats.argmax()


def test_without_a_mask_every_pair_is_there(both_ways: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(both_ways, IDS, heads=1), ["pp"])
    table = tables.attention(both_ways, IDS, ablation, [1], range(1, 5))
    assert len(table) == 16
    for cell in table.itertuples():
        assert cell.full == pytest.approx(ablation.full[0, cell.i, cell.j].item(), abs=1e-5)
    row = tables.row(both_ways, IDS, ablation, 1)
    assert set(row["j"]) == set(range(7))
    assert row.groupby("attention")["weight"].sum().tolist() == pytest.approx([1, 1])
