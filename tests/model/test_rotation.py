"""Which frequencies a config.json asks for, in its present and its former writing; the turn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, strategies as st

import detok
from detok.model.rotation import pairs_apart, rope_frequencies, turn
from tests.support.double import attention_in_float64
from tests.support.families import random_member
from tests.support.rotary import ROTARY, SCALED

HEAD = {"hidden_size": 32, "num_attention_heads": 2, "max_position_embeddings": 512}


def usual(base: float, n: int) -> torch.Tensor:
    return torch.tensor([base ** (-2 * m / n) for m in range(n // 2)])


@pytest.mark.parametrize(
    ("config", "layer_type", "expected"),
    [
        ({"model_type": "llama", "rope_theta": 500.0}, None, usual(500, 16)),
        ({"model_type": "llama"}, None, usual(10_000, 16)),
        (
            {
                "model_type": "llama",
                "rope_parameters": {"rope_theta": 70.0, "rope_type": "default"},
            },
            None,
            usual(70, 16),
        ),
        (
            {"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 4.0}},
            None,
            usual(10_000, 16) / 4,
        ),
        (
            {"model_type": "gpt_neox", "rotary_pct": 0.25, "rotary_emb_base": 100},
            None,
            usual(100, 4),
        ),
        ({"model_type": "phi", "partial_rotary_factor": 0.5}, None, usual(10_000, 8)),
        ({"model_type": "stablelm"}, None, usual(10_000, 4)),
        (
            {
                "model_type": "gemma3_text",
                "head_dim": 8,
                "num_hidden_layers": 6,
                "rope_theta": 1e6,
                "rope_local_base_freq": 50.0,
                "rope_scaling": {"rope_type": "linear", "factor": 8.0},
            },
            "sliding_attention",
            usual(50, 8),
        ),
        (
            {
                "model_type": "gemma3_text",
                "head_dim": 8,
                "num_hidden_layers": 6,
                "rope_theta": 1e6,
                "rope_scaling": {"rope_type": "linear", "factor": 8.0},
            },
            "full_attention",
            usual(1e6, 8) / 8,
        ),
    ],
)
def test_frequencies_as_they_are_written(
    config: Mapping[str, Any], layer_type: str | None, expected: torch.Tensor
) -> None:
    frequencies, factor = rope_frequencies({**HEAD, **config}, layer_type)
    torch.testing.assert_close(frequencies, expected, rtol=1e-6, atol=0)
    assert factor == 1


@pytest.mark.parametrize("kind", SCALED.keys() - {"proportional"})
def test_the_former_writing_means_the_same(kind: str) -> None:
    rope = {name: value for name, value in SCALED[kind].items() if name != "rope_type"}
    new = {"rope_parameters": {**SCALED[kind], "rope_theta": 500.0}}
    old = {"rope_scaling": {**rope, "type": kind}, "rope_theta": 500.0}
    config = {**HEAD, "model_type": "llama", "head_dim": 8}
    found, expected = (rope_frequencies({**config, **writing}) for writing in (old, new))
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=0)
    assert found[1] == expected[1]


@given(st.integers(1, 6), st.integers(0, 6), st.booleans())
def test_every_coordinate_is_in_one_pair(n_pairs: int, more: int, is_interleaved: bool) -> None:
    d_head, n_turned = 2 * (n_pairs + more), 2 * n_pairs
    order = pairs_apart(d_head, n_turned, is_interleaved)
    assert sorted(order.tolist()) == list(range(d_head))
    pairs = order.view(2, -1).T.tolist()
    step = 1 if is_interleaved else n_pairs
    assert all(b - a == step for a, b in pairs[:n_pairs])
    assert all(min(pair) >= n_turned for pair in pairs[n_pairs:])


@given(st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_only_the_distance_matters(i: int, j: int) -> None:
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 8, generator=generator, dtype=torch.float64)
    theta = usual(10_000, 8).double()
    apart = turn(q, i * theta) @ turn(k, j * theta)
    torch.testing.assert_close(turn(q, (i - j) * theta) @ k, apart, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(turn(q, i * theta).norm(), q.norm())


@pytest.mark.slow
@pytest.mark.parametrize(("family", "number"), [("qwen2", 0), ("llama", 5), ("cohere", 0)])
def test_long_distances(tmp_path: Path, family: str, number: int) -> None:
    """Also in float32: what a model loses there in large angles, we do not."""
    name, config = ROTARY[family][number]
    sizes = {"max_position_embeddings": 4096, "num_attention_heads": 2, "num_key_value_heads": 1}
    random_member(tmp_path, name, {**config, **sizes})
    ids = torch.randint(4, 300, (2500,), generator=torch.Generator().manual_seed(1))
    own = attention_in_float64(tmp_path, ids)
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        layer = detok.load(tmp_path, device="cpu", dtype=dtype)
        ours = detok.attention(detok.terms(layer, ids))
        assert (ours - own).abs().max() < tolerance
