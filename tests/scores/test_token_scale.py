"""σ of the tokens of a rotary model, against the norms of PyTorch."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import layer_norm, rms_norm

import detok
from detok.scores.token_scale import token_scale


def test_the_division_is_the_norm(rotary: detok.RotaryLayer) -> None:
    norm, e = rotary.first.norm, rotary.first.W_E.double()
    if norm is None:
        with pytest.raises(detok.InputError, match="no norm before its first attention layer"):
            token_scale(rotary)
        return
    scale = token_scale(rotary)
    normed = (layer_norm if norm.is_centred else rms_norm)(e, e.shape[1:], eps=norm.eps)
    close = {"rtol": 1e-10, "atol": 1e-12}
    torch.testing.assert_close(scale.norm_after, normed.norm(dim=1), **close)
    torch.testing.assert_close(scale.norm_before, e.norm(dim=1), **close)
    divided = e - e.mean(dim=1, keepdim=True) if norm.is_centred else e
    torch.testing.assert_close(divided / scale.sigma[:, None], normed, **close)
    before, after = (n.std(correction=0) / n.mean() for n in (e.norm(dim=1), normed.norm(dim=1)))
    assert scale.spreads == pytest.approx((before.item(), after.item()), abs=1e-9)
    assert scale.is_centred is norm.is_centred


def test_rows_without_a_token_are_left_out(qwen2: detok.RotaryLayer) -> None:
    holes = torch.tensor([3, 7])
    whole, part = token_scale(qwen2), token_scale(replace(qwen2, holes=holes))
    kept = [t for t in range(qwen2.vocab_size) if t not in (3, 7)]
    assert torch.equal(part.sigma, whole.sigma[kept])


def test_learned_positions_have_another(layer: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="expected a model with rotary positions"):
        token_scale(layer)
