"""What LayerNorm divides by, against NumPy on all V x L pairs at once."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import detok
from detok.model import layernorm
from detok.scores.layernorm_stats import mean_abs_covariance, robust_z
from tests.support.models import hard_checkpoint, random_checkpoint


def test_variances_norms_and_sigma(layer: detok.Layer) -> None:
    W_E, W_pos = layer.W_E.numpy(), layer.W_pos.numpy()
    stats = detok.layernorm_stats(layer)
    np.testing.assert_allclose(stats.var_p, W_pos.var(axis=1))
    np.testing.assert_allclose(stats.var_e, W_E.var(axis=1))
    assert stats.mean_var_e == pytest.approx(W_E.var(axis=1).mean())
    before = np.sqrt((W_E**2).sum(axis=1))
    sigma_e = np.sqrt(W_E.var(axis=1) + layer.sigma.eps)
    np.testing.assert_allclose(stats.norm_before, before)
    np.testing.assert_allclose(stats.norm_after, before / sigma_e)
    assert stats.norm_variances == pytest.approx((before.var(), (before / sigma_e).var()))
    x = W_E[:, None] + W_pos[None]  # (V, L, d)
    sigma = np.sqrt(x.var(axis=2) + layer.sigma.eps)  # (V, L)
    np.testing.assert_allclose(stats.sigma_mean, sigma.mean(axis=0))
    np.testing.assert_allclose(stats.sigma_min, sigma.min(axis=0))
    np.testing.assert_allclose(stats.sigma_max, sigma.max(axis=0))
    assert stats.median_var_p == pytest.approx(np.median(W_pos.var(axis=1)))
    assert stats.sigma_elsewhere == pytest.approx(np.median(sigma.mean(axis=0)[1:]))
    assert stats.sigma_range == pytest.approx(np.median(sigma.max(axis=0) / sigma.min(axis=0)))
    spreads = [norms.std() / norms.mean() for norms in (before, before / sigma_e)]
    assert stats.norm_spreads == pytest.approx(spreads)
    assert stats.var_e_over_cov == pytest.approx(stats.mean_var_e / stats.mean_abs_cov)


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_the_mean_absolute_covariance_is_exact(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(layernorm, "BLOCK", block)
    pairs = [np.cov(e, p, bias=True)[0, 1] for e in layer.W_E for p in layer.W_pos]
    assert mean_abs_covariance(layer) == pytest.approx(np.abs(pairs).mean())
    assert detok.layernorm_stats(layer).mean_abs_cov == mean_abs_covariance(layer)


@pytest.mark.parametrize("case", ["cancelling", "large_mean"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_float32_has_the_digits_of_float64(tmp_path: Path, case: str, dtype: torch.dtype) -> None:
    hard_checkpoint(tmp_path, case, dtype)
    found, exact = (
        detok.layernorm_stats(detok.load(str(tmp_path), device="cpu", dtype=t))
        for t in (torch.float32, torch.float64)
    )
    sigmas = ("sigma_mean", "sigma_min", "sigma_max")
    for name in ("var_p", "var_e", "norm_before", "norm_after", "last_flatness", *sigmas):
        a, b = getattr(found, name), getattr(exact, name)
        torch.testing.assert_close(a, b.float(), rtol=2e-5, atol=0)
    assert found.mean_abs_cov == pytest.approx(exact.mean_abs_cov, rel=1e-5)


def test_the_robust_score_is_in_standard_deviations_of_normal_values() -> None:
    values = torch.randn(100_001, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(robust_z(values), values, atol=0.05, rtol=0.02)
    away = values.numpy() - np.median(values.numpy())
    np.testing.assert_allclose(robust_z(values), away / (1.4826 * np.median(np.abs(away))))


def test_one_value_that_differs_from_all_others_is_infinitely_far() -> None:
    values = torch.tensor([3.0, 1.0, 1.0, 1.0, -2.0])
    assert robust_z(values).tolist() == [torch.inf, 0, 0, 0, -torch.inf]


def test_outliers_are_found(layer: detok.Layer) -> None:
    W_pos = layer.W_pos.clone()
    W_pos[0] *= 30
    sigma = layernorm.Sigma.of(layer.W_E, W_pos, layer.sigma.eps)
    stats = detok.layernorm_stats(replace(layer, W_pos=W_pos, sigma=sigma))
    assert 0 in stats.outliers
    assert stats.outliers == [n for n, z in enumerate(stats.var_p_z) if abs(z) > 3.5]


def test_an_untrained_last_position_is_noticed(layer: detok.Layer) -> None:
    raw = torch.einsum("hic,hjc->hij", layer.Q_pos, layer.K_pos)  # (H, L, L)
    spread = raw[:, -5:, 1:-1].numpy().std(axis=2)  # (H, 5)
    stats = detok.layernorm_stats(layer)
    expected = spread[:, 4] / np.median(spread[:, :4], axis=1)
    np.testing.assert_allclose(stats.last_flatness, expected)
    assert stats.median_flatness == pytest.approx(np.median(expected))
    assert not stats.last_is_untrained
    Q_pos = layer.Q_pos.clone()
    Q_pos[:, -1] *= 0.01
    flat = detok.layernorm_stats(replace(layer, Q_pos=Q_pos))
    np.testing.assert_allclose(flat.last_flatness, 0.01 * expected)
    assert flat.last_is_untrained


@pytest.mark.parametrize("n_positions", [1, 2, 3, 4])
def test_a_short_model_has_what_it_can_have(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    stats = detok.layernorm_stats(detok.load(str(tmp_path), device="cpu"))
    assert stats.last_flatness.isnan().all() == (n_positions < 4)
    assert len(stats.var_p_z) == n_positions
    assert np.isnan(stats.sigma_elsewhere) == (n_positions == 1)


def test_scores_that_do_not_vary_have_no_flatness(layer: detok.Layer) -> None:
    equal = replace(layer, K_pos=torch.zeros_like(layer.K_pos))
    stats = detok.layernorm_stats(equal)
    assert stats.last_flatness.isnan().all()
    assert math.isnan(stats.median_flatness)
    one = layer.K_pos.clone()
    one[0] = 0
    stats = detok.layernorm_stats(replace(layer, K_pos=one))
    assert stats.median_flatness == stats.last_flatness[1]
