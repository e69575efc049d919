"""σ from variances and covariances, and its moments, against LayerNorm's own definition."""

from pathlib import Path

import pytest
import torch

import detok
from detok.model import layernorm
from tests.support.models import hard_checkpoint

DTYPES = [torch.float32, torch.float16, torch.bfloat16]


def direct_sigma(layer: detok.Layer) -> torch.Tensor:
    """σ of every token at every position, the slow and obvious way: (V, L, d) in float64."""
    x = layer.W_E[:, None, :].double() + layer.W_pos[None, :, :].double()  # (V, L, d)
    return (x.var(dim=2, correction=0) + layer.sigma.eps).sqrt()  # (V, L)


def test_sigma_is_exact(layer: detok.Layer) -> None:
    direct = direct_sigma(layer)
    V, L = direct.shape
    torch.testing.assert_close(layer.sigma.block(0, V), direct)
    torch.testing.assert_close(layer.sigma.at_position(3), direct[:, 3])
    ids, positions = torch.tensor([5, V - 1, 0, 5]), torch.tensor([0, L - 1, 7, 7])
    torch.testing.assert_close(layer.sigma.pairs(ids, positions), direct[ids, positions])


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_moments_do_not_depend_on_the_blocks(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(layernorm, "BLOCK", block)
    moments, direct = layernorm.Moments.of(layer.sigma), direct_sigma(layer)
    torch.testing.assert_close(moments.token_mean, direct.mean(dim=1))
    torch.testing.assert_close(moments.position_mean, direct.mean(dim=0))
    torch.testing.assert_close(moments.position_min, direct.amin(dim=0))
    torch.testing.assert_close(moments.position_max, direct.amax(dim=0))
    inverse = direct.reciprocal()
    torch.testing.assert_close(moments.inverse_mean, inverse.mean(dim=0))
    torch.testing.assert_close(moments.inverse_std, inverse.std(dim=0, correction=0))


@pytest.mark.parametrize("case", ["cancelling", "large_mean"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("block", [7, 2048])
def test_sigma_keeps_its_digits_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, dtype: torch.dtype, block: int
) -> None:
    """Whatever the checkpoint's type, σ is that of its numbers, as float64 has it."""
    monkeypatch.setattr(layernorm, "BLOCK", block)
    monkeypatch.setattr(layernorm, "BLOCK_VALUES", 100)
    hard_checkpoint(tmp_path, case, dtype)
    layer = detok.load(str(tmp_path), device="cpu")
    direct = direct_sigma(layer)  # (V, L)

    def check(found: torch.Tensor, expected: torch.Tensor) -> None:
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=0)

    sigma, moments = layer.sigma, layer.moments
    check(sigma.block(0, 400), direct)
    check(sigma.block(3, 50), direct[3:50])
    check(sigma.at_position(5), direct[:, 5])
    n = torch.arange(40)
    check(sigma.pairs(n, n), direct[n, n])
    check(sigma.pairs(n + 300, n), direct[n + 300, n])
    e, p = (layernorm.centre(m.double()) for m in (layer.W_E, layer.W_pos))
    cov = (e @ p.T / 48).float()  # (V, L)
    check(sigma.from_cov(torch.arange(400)[:, None], n, cov), direct)
    check(sigma.var_e, e.square().mean(dim=1))
    check(sigma.var_p, p.square().mean(dim=1))
    check(moments.token_mean, direct.mean(dim=1))
    check(moments.position_mean, direct.mean(dim=0))
    check(moments.position_min, direct.amin(dim=0))
    check(moments.position_max, direct.amax(dim=0))
    check(moments.inverse_mean, direct.reciprocal().mean(dim=0))
    check(moments.inverse_std, direct.reciprocal().std(dim=0, correction=0))


@pytest.mark.parametrize("ratio", [1e3, 1e6])
def test_a_mean_far_larger_than_its_spread(ratio: float) -> None:
    """Even where float32 holds no more than a digit or two of the spread."""
    generator = torch.Generator().manual_seed(0)
    W_E, W_pos = (torch.randn(9, 64, generator=generator) + ratio for _ in range(2))
    sigma = layernorm.Sigma.of(W_E, W_pos, eps=1e-5)
    x = W_E[:, None].double() + W_pos.double()  # (V, L, d)
    direct = (x.var(dim=2, correction=0) + 1e-5).sqrt().float()  # (V, L)
    n = torch.arange(9)
    torch.testing.assert_close(sigma.block(0, 9), direct, rtol=1e-6, atol=0)
    torch.testing.assert_close(sigma.pairs(n, n), direct.diagonal(), rtol=1e-6, atol=0)
    torch.testing.assert_close(sigma.at_position(4), direct[:, 4], rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_projections_keep_their_digits_in_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    hard_checkpoint(tmp_path, "large_mean", dtype)
    layer, exact = (
        detok.load(str(tmp_path), device="cpu", dtype=t) for t in (torch.float32, torch.float64)
    )
    for name in ("Q_E", "K_E", "Q_pos", "K_pos"):
        found, expected = getattr(layer, name), getattr(exact, name)
        atol = 2e-6 * expected.abs().max().item()
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_embeddings_stay_as_they_are_in_the_checkpoint(tmp_path: Path, dtype: torch.dtype) -> None:
    hard_checkpoint(tmp_path, "large_mean", dtype)
    layer = detok.load(str(tmp_path), device="cpu")
    assert layer.W_E.dtype == dtype
    assert layer.W_E.data_ptr() == layer.first.W_E.data_ptr() == layer.sigma.W_E.data_ptr()
    wide = detok.load(str(tmp_path), device="cpu", dtype=torch.float64)
    assert wide.W_E.dtype == torch.float64
    assert torch.equal(wide.W_E, layer.W_E.double())


def test_no_entry_of_an_ordinary_model_is_computed_twice(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(layernorm.Sigma, "_direct")
    V, n = layer.vocab_size, torch.arange(16)
    layernorm.Moments.of(layer.sigma)
    layer.sigma.pairs(n, n)
    assert len(layer.sigma.at_position(3)) == V


def test_a_token_that_cancels_a_position_has_sigma_sqrt_eps() -> None:
    """Rounding may make the variance negative; its root must not become NaN."""
    W_pos = torch.randn(4, 64, generator=torch.Generator().manual_seed(0)) * 1e3
    sigma = layernorm.Sigma.of(-W_pos, W_pos, eps=1e-5)
    values = sigma.pairs(torch.arange(4), torch.arange(4))
    torch.testing.assert_close(values, torch.full((4,), 1e-5**0.5), rtol=1e-6, atol=0)
    torch.testing.assert_close(sigma.block(0, 4).diagonal(), values)


def test_folding_is_exact() -> None:
    """(x / σ) W' + b' is the projection of PyTorch's own LayerNorm (Eqs. 10–11)."""
    generator = torch.Generator().manual_seed(0)
    x, W = (torch.randn(9, 9, generator=generator, dtype=torch.float64) for _ in range(2))
    b, gamma, beta = (torch.randn(9, generator=generator, dtype=torch.float64) for _ in range(3))
    own = torch.nn.functional.layer_norm(x, (9,), gamma, beta, eps=1e-5) @ W + b
    folded_W, folded_b = layernorm.fold(W, b, gamma, beta)
    sigma = (x.var(dim=1, correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(x / sigma @ folded_W + folded_b, own)
