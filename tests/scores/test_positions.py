"""The position terms and their attention, against a direct computation over all V x L inputs."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok import InputError
from detok.scores.positions import rise_share
from tests.support.models import random_checkpoint


class Direct:
    """The terms from the model's own weights and the σ of every token at every position."""

    def __init__(self, model: GPT2LMHeadModel) -> None:
        block = model.transformer.h[0]
        W_E, W_pos = model.transformer.wte.weight, model.transformer.wpe.weight
        d, H = W_E.shape[1], model.config.n_head
        x = W_E[:, None] + W_pos[None]  # (V, L, d)
        self.sigma = (x.var(dim=-1, correction=0) + block.ln_1.eps).sqrt()  # (V, L)
        centring = torch.eye(d, dtype=x.dtype) - 1 / d
        W = centring @ torch.diag(block.ln_1.weight) @ block.attn.c_attn.weight  # (d, 3d)
        b = block.ln_1.bias @ block.attn.c_attn.weight + block.attn.c_attn.bias  # (3d,)
        W_Q, W_K = (W[:, n * d : (n + 1) * d].unflatten(1, (H, -1)) for n in (0, 1))  # (d, H, d')
        b_Q = b[:d].unflatten(0, (H, -1))  # (H, d')
        W_QK = torch.einsum("ahc,bhc->hab", W_Q, W_K)  # (H, d, d)
        self.raw_p = torch.einsum("hc,dhc,ld->hl", b_Q, W_K, W_pos)  # (H, L)
        self.raw_pp = torch.einsum("id,hde,le->hil", W_pos, W_QK, W_pos)  # (H, L, L)
        self.d_head = d // H

    @property
    def p(self) -> torch.Tensor:
        """T^p_j of every head, token and position, (H, V, L)."""
        return self.raw_p[:, None] / self.sigma

    def pp(self, i: int, sigma_i: torch.Tensor) -> torch.Tensor:
        """T^pp_ij averaged over the tokens at j, (H, L)."""
        return (self.raw_pp[:, i, None] / (sigma_i * self.sigma)).mean(dim=1)

    def attention(self, scores: torch.Tensor, i: int) -> torch.Tensor:
        return (scores[:, : i + 1] / self.d_head**0.5).softmax(dim=-1)


@pytest.fixture(scope="module")
def direct(model: GPT2LMHeadModel) -> Direct:
    with torch.inference_mode():
        return Direct(model)


@pytest.mark.parametrize("i", [0, 1, 7, 15])
def test_the_terms_equal_the_direct_computation(layer: detok.Layer, direct: Direct, i: int) -> None:
    def close(found: torch.Tensor, expected: torch.Tensor) -> None:
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)

    bias = detok.position_bias(layer, i)
    close(bias.p, direct.p.mean(dim=1))
    close(bias.p_std, direct.p.std(dim=1, correction=0))
    close(bias.p_min, direct.p.amin(dim=1))
    close(bias.p_max, direct.p.amax(dim=1))
    sigma_i = direct.sigma[:, i]
    close(bias.pp, direct.pp(i, sigma_i.mean()))
    close(bias.pp_sigma_min, direct.pp(i, sigma_i.min()))
    close(bias.pp_sigma_max, direct.pp(i, sigma_i.max()))
    total = direct.p.mean(dim=1) + direct.pp(i, sigma_i.mean())
    close(bias.total, total)
    close(bias.attention, direct.attention(total, i))
    close(bias.attention.sum(dim=1), torch.ones(layer.n_heads, dtype=torch.float64))
    plain = detok.position_bias(layer, i, layernorm=False)
    close(plain.p, direct.raw_p)
    close(plain.pp, direct.raw_pp[:, i])
    close(plain.total, direct.raw_p + direct.raw_pp[:, i])
    close(plain.attention, direct.attention(direct.raw_p + direct.raw_pp[:, i], i))
    spread = (plain.p_std, plain.p_min, plain.p_max, plain.pp_sigma_min, plain.pp_sigma_max)
    assert spread == (None,) * 5


def test_the_share_of_rising_steps(layer: detok.Layer, direct: Direct) -> None:
    rows = direct.p.mean(dim=1).tolist()
    rises = [sum(b > a for a, b in pairwise(row)) / 15 for row in rows]
    assert rise_share(detok.position_bias(layer, 3).p).tolist() == rises


@pytest.mark.parametrize("seed", [1, 2])
def test_without_tokens_the_softmax_is_the_models_own_attention(tmp_path: Path, seed: int) -> None:
    """With token embeddings of zero, position alone decides: the curve is exact, not an average."""
    model = random_checkpoint(tmp_path, n_head=4, n_embd=32, n_positions=24, seed=seed)
    with torch.no_grad():
        model.transformer.wte.weight.zero_()
    model.save_pretrained(tmp_path)
    layer = detok.load(str(tmp_path), device="cpu", dtype=torch.float64)
    ids = torch.arange(24)
    with torch.inference_mode():
        own = model.double()(ids[None], output_attentions=True).attentions[0][0]  # (H, L, L)
    for i in (0, 1, 11, 23):
        found = detok.position_bias(layer, i).attention
        torch.testing.assert_close(found, own[:, i, : i + 1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("i", [-1, 16])
def test_positions_that_the_model_has_not_are_refused(layer: detok.Layer, i: int) -> None:
    with pytest.raises(InputError, match="expected 0 ≤ i < L = 16"):
        detok.position_bias(layer, i)
