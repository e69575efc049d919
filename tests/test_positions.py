"""Attention by position alone, against a direct computation over all V x L inputs."""

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok import InputError
from detok.positions import position_only_attention, self_assertion


def direct(model: GPT2LMHeadModel, layer: detok.Layer, i: int) -> tuple[torch.Tensor, torch.Tensor]:
    """T^p_j and the attention of position i, from the model's own weights, (H, L) and (H, i+1)."""
    block = model.transformer.h[0]
    W_E, W_pos = model.transformer.wte.weight, model.transformer.wpe.weight
    d, H = W_E.shape[1], layer.n_heads
    x = W_E[:, None] + W_pos[None]  # (V, L, d)
    sigma = (x.var(dim=-1, correction=0) + block.ln_1.eps).sqrt()  # (V, L)
    centring = torch.eye(d, dtype=x.dtype) - 1 / d
    W = centring @ torch.diag(block.ln_1.weight) @ block.attn.c_attn.weight  # (d, 3d)
    b = block.ln_1.bias @ block.attn.c_attn.weight + block.attn.c_attn.bias  # (3d,)
    W_Q, W_K = (W[:, n * d : (n + 1) * d].unflatten(1, (H, -1)) for n in (0, 1))  # (d, H, d')
    b_Q = b[:d].unflatten(0, (H, -1))  # (H, d')
    k = torch.einsum("ld,dhc->hlc", W_pos, W_K)  # (H, L, d')
    q = torch.einsum("d,dhc->hc", W_pos[i], W_Q)  # (H, d')
    inverse = (1 / sigma).mean(dim=0)  # (L,)
    p = torch.einsum("hc,hlc->hl", b_Q, k) * inverse  # (H, L)
    pp = torch.einsum("hc,hlc->hl", q, k) * inverse / sigma[:, i].mean()  # (H, L)
    return p, ((p + pp)[:, : i + 1] / (d // H) ** 0.5).softmax(dim=-1)


@pytest.mark.parametrize("i", [0, 1, 7, 15])
def test_it_equals_the_direct_computation(
    model: GPT2LMHeadModel, layer: detok.Layer, i: int
) -> None:
    with torch.inference_mode():
        p, expected = direct(model, layer, i)
    found = position_only_attention(layer, i)
    assert found.shape == (layer.n_heads, i + 1)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(self_assertion(layer), p, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found.sum(dim=1), torch.ones_like(found[:, 0]))


@pytest.mark.parametrize("i", [-1, 16])
def test_positions_that_the_model_has_not_are_refused(layer: detok.Layer, i: int) -> None:
    with pytest.raises(InputError, match="expected 0 ≤ i < L = 16"):
        position_only_attention(layer, i)
