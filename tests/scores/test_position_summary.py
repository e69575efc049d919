"""The numbers of each head's positional bias, against textbook formulas, one head at a time."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import detok
from detok import InputError
from tests.support.models import random_checkpoint


def strongest_period(row: np.ndarray) -> tuple[float, float]:
    """By the definition of the discrete Fourier transform, one frequency at a time."""
    n = len(row)
    row = row - row.mean()
    angles = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    power = (np.cos(angles) @ row) ** 2 + (np.sin(angles) @ row) ** 2  # all n frequencies
    shares = {k: sum(power[m] for m in {k, n - k}) / power.sum() for k in range(1, n // 2 + 1)}
    best = max(shares, key=lambda k: shares[k])  # its two signs together
    return n / best, shares[best]


@pytest.mark.parametrize("n_positions", [15, 16])
def test_it_equals_the_direct_computation(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions, n_head=4, seed=3)
    layer = detok.load(str(tmp_path), device="cpu", dtype=torch.float64)
    i, other = 9, 14
    bias = detok.position_bias(layer, i)
    table = detok.position_summary(layer, i, [other, i])
    assert table["head"].tolist() == [0, 1, 2, 3]
    for h, row in table.iterrows():
        x = np.arange(1, n_positions - 1)
        y = bias.p[h, 1:-1].numpy()
        slope, constant = np.polyfit(x, y, 1)
        residual = ((y - slope * x - constant) ** 2).sum()
        assert row["slope_per_100"] == pytest.approx(100 * slope)
        assert row["r2"] == pytest.approx(1 - residual / ((y - y.mean()) ** 2).sum())
        assert row["rise_share"] == (np.diff(bias.p[h].numpy()) > 0).mean()
        found = row["period"], row["period_share"]
        assert found == pytest.approx(strongest_period(bias.pp[h, 1:-1].numpy()))
        for m in (i, other):
            attention = detok.position_bias(layer, m).attention[h].tolist()
            for reach in (1, 5, 16):
                mass = sum(attention[max(0, m + 1 - reach) :])
                assert row[f"mass_last_{reach}_at_{m}"] == pytest.approx(mass)
            assert row[f"mass_first_at_{m}"] == pytest.approx(attention[0])


def test_a_wave_has_its_period_and_a_line_its_slope(layer: detok.Layer) -> None:
    """Position terms that are known: T^p = 0.02 j, and T^pp a wave of 7 positions in 14."""
    j = torch.arange(16, dtype=torch.float64)
    K = torch.zeros(2, 16, 8, dtype=torch.float64)
    K[..., 0], K[..., 1] = 0.02 * j, torch.cos(2 * math.pi * j / 7)
    ones = torch.ones(16, dtype=torch.float64)
    known = replace(
        layer,
        K_pos=K,
        Q_pos=torch.eye(8, dtype=torch.float64)[1].expand(2, 16, 8),
        b_Q=torch.eye(8, dtype=torch.float64)[0].expand(2, 8),
        moments=replace(layer.moments, inverse_mean=ones, position_mean=ones),
    )
    for _, row in detok.position_summary(known, 8).iterrows():
        assert row["slope_per_100"] == pytest.approx(2)
        assert row["r2"] == pytest.approx(1)
        assert row["rise_share"] == 1
        assert row["period"] == pytest.approx(7)
        assert row["period_share"] == pytest.approx(1)


@pytest.mark.parametrize("n_positions", [1, 2, 3])
def test_a_model_too_short_for_a_line_has_none(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    layer = detok.load(str(tmp_path), device="cpu")
    table = detok.position_summary(layer, n_positions - 1)
    assert table[["slope_per_100", "r2", "period", "period_share"]].isna().all(axis=None)
    assert table[f"mass_last_16_at_{n_positions - 1}"].tolist() == pytest.approx([1, 1])


def test_positions_that_the_model_has_not_are_refused(layer: detok.Layer) -> None:
    with pytest.raises(InputError, match="position 16 is out of range"):
        detok.position_summary(layer, 3, [16])
