"""The position terms, against all V x L inputs, and their summary, against textbook formulas."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok import InputError
from detok.scores.positions import nearest, rise_share
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
        """T^pp_ij of every head, token at j and position j, (H, V, L)."""
        return self.raw_pp[:, i, None] / (sigma_i * self.sigma)

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
    pp = direct.pp(i, sigma_i.mean())
    close(bias.pp, pp.mean(dim=1))
    close(bias.pp_std, pp.std(dim=1, correction=0))
    close(bias.pp_min, pp.amin(dim=1))
    close(bias.pp_max, pp.amax(dim=1))
    close(bias.pp_sigma_min, direct.pp(i, sigma_i.min()).mean(dim=1))
    close(bias.pp_sigma_max, direct.pp(i, sigma_i.max()).mean(dim=1))
    total = direct.p.mean(dim=1) + pp.mean(dim=1)
    close(bias.total, total)
    close(bias.attention, direct.attention(total, i))
    close(bias.attention.sum(dim=1), torch.ones(layer.n_heads, dtype=torch.float64))
    plain = detok.position_bias(layer, i, layernorm=False)
    close(plain.p, direct.raw_p)
    close(plain.pp, direct.raw_pp[:, i])
    close(plain.total, direct.raw_p + direct.raw_pp[:, i])
    close(plain.attention, direct.attention(direct.raw_p + direct.raw_pp[:, i], i))
    assert {name for name, value in vars(plain).items() if value is None} == {
        *("p_std", "p_min", "p_max"),
        *("pp_std", "pp_min", "pp_max", "pp_sigma_min", "pp_sigma_max"),
    }


def test_the_share_of_rises(layer: detok.Layer, direct: Direct) -> None:
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
    with pytest.raises(InputError, match="expected 0 ≤ i < L = 16"):
        detok.position_summary(layer, 3, [i])


def strongest_period(row: np.ndarray) -> tuple[float, float]:
    """By the definition of the discrete Fourier transform, one frequency at a time."""
    n = len(row)
    row = row - row.mean()
    angles = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    power = (np.cos(angles) @ row) ** 2 + (np.sin(angles) @ row) ** 2  # all n frequencies
    shares = {k: sum(power[m] for m in {k, n - k}) / power.sum() for k in range(1, n // 2 + 1)}
    best = max(shares, key=lambda k: shares[k])  # its two signs together
    return n / best, shares[best]


@pytest.mark.parametrize("layernorm", [True, False])
@pytest.mark.parametrize("n_positions", [15, 16])
def test_the_summary_equals_the_direct_computation(
    tmp_path: Path, n_positions: int, layernorm: bool
) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions, n_head=4, seed=3)
    layer = detok.load(str(tmp_path), device="cpu", dtype=torch.float64)
    i, other = 9, 14
    bias = detok.position_bias(layer, i, layernorm=layernorm)
    table = detok.position_summary(layer, i, [other, i], layernorm=layernorm)
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
            attention = detok.position_bias(layer, m, layernorm=layernorm).attention[h].tolist()
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


@pytest.mark.parametrize("value", [0.0, 3.7])
def test_what_is_level_has_no_slope_and_no_wave(layer: detok.Layer, value: float) -> None:
    """Also where rounding differs from position to position."""
    noise = 1 + 1e-8 * torch.arange(16, dtype=torch.float64) % 3e-8
    K = (value * noise)[:, None].expand(2, 16, 8)
    ones = torch.ones(16, dtype=torch.float64)
    moments = replace(layer.moments, inverse_mean=ones, position_mean=ones)
    table = detok.position_summary(replace(layer, K_pos=K, moments=moments), 8)
    assert table["slope_per_100"].tolist() == [0, 0]
    assert table[["r2", "period", "period_share"]].isna().all(axis=None)


@pytest.mark.parametrize("n_positions", [1, 2, 3])
def test_a_model_too_short_for_a_line_has_none(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    layer = detok.load(str(tmp_path), device="cpu")
    table = detok.position_summary(layer, n_positions - 1)
    assert table[["slope_per_100", "r2", "period", "period_share"]].isna().all(axis=None)
    assert table[f"mass_last_16_at_{n_positions - 1}"].tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("i", "n", "n_visible", "expected"),
    [
        (9, 5, 10, range(5, 10)),  # nothing after i is seen
        (2, 5, 3, range(3)),
        (0, 5, 1, range(1)),
        (9, 5, 16, range(7, 12)),
        (0, 5, 16, range(5)),
        (15, 5, 16, range(11, 16)),
        (9, 1, 16, range(9, 10)),
        (9, 99, 16, range(16)),
    ],
)
def test_the_nearest_positions(i: int, n: int, n_visible: int, expected: range) -> None:
    assert nearest(i, n, n_visible) == expected


@pytest.mark.parametrize("i", [0, 9, 15])
def test_without_a_mask_the_summary_has_the_nearest(both_ways: detok.Layer, i: int) -> None:
    attention = detok.position_bias(both_ways, i).attention
    assert attention.shape == (2, 16)
    table = detok.position_summary(both_ways, i)
    for reach in (1, 5, 16):
        near = sorted(range(16), key=lambda j: (abs(j - i), j))[:reach]
        expected = attention[:, near].sum(dim=1).tolist()
        assert table[f"mass_nearest_{reach}_at_{i}"].tolist() == pytest.approx(expected)
    assert table[f"mass_first_at_{i}"].tolist() == attention[:, 0].tolist()
