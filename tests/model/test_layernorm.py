"""σ from variances and covariances, and its moments, against LayerNorm's own definition."""

import pytest
import torch

import detok
from detok.model import layernorm


def direct_sigma(layer: detok.Layer) -> torch.Tensor:
    """σ of every token at every position, the slow and obvious way: (V, L, d) in memory."""
    x = layer.W_E[:, None, :] + layer.W_pos[None, :, :]  # (V, L, d)
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


def test_a_token_that_cancels_a_position_has_sigma_sqrt_eps() -> None:
    """Rounding may make the variance negative; its root must not become NaN."""
    W_pos = torch.randn(4, 64, generator=torch.Generator().manual_seed(0)) * 1e3
    sigma = layernorm.Sigma.of(-W_pos, W_pos, eps=1e-5)
    values = sigma.pairs(torch.arange(4), torch.arange(4))
    assert values.isfinite().all()
    assert (values < 1).all()


def test_folding_is_exact() -> None:
    """(x / σ) W' + b' is the projection of PyTorch's own LayerNorm (Eqs. 10–11)."""
    generator = torch.Generator().manual_seed(0)
    x, W = (torch.randn(9, 9, generator=generator, dtype=torch.float64) for _ in range(2))
    b, gamma, beta = (torch.randn(9, generator=generator, dtype=torch.float64) for _ in range(3))
    own = torch.nn.functional.layer_norm(x, (9,), gamma, beta, eps=1e-5) @ W + b
    folded_W, folded_b = layernorm.fold(W, b, gamma, beta)
    sigma = (x.var(dim=1, correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(x / sigma @ folded_W + folded_b, own)
