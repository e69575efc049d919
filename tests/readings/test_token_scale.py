"""What is said of σ is so in the tables, for both kinds of norm and for none."""

from dataclasses import replace

import pandas as pd

import detok
from detok.counting.counts import Counts
from detok.readings import token_scale as readings
from detok.scores.token_scale import token_scale
from detok.tables import frequency, token_scale as tables


def test_what_is_divided(rotary: detok.RotaryLayer) -> None:
    said = readings.begun(rotary)
    assert "no position has a variance" in said
    norm = rotary.first.norm
    if norm is None:
        assert "Nor is there a norm" in said
        assert ("What it norms are queries and keys" in said) is (rotary.query.norm is not None)
        return
    assert ("LayerNorm divides" in said) is norm.is_centred
    assert ("RMSNorm divides" in said) is not norm.is_centred


def test_how_far_norms_are_apart(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    scale = token_scale(qwen2)
    ends = tables.ends(tables.tokens(qwen2, scale, counts), qwen2)
    said = readings.norms(ends, scale, qwen2)
    times = scale.sigma.max().item() / scale.sigma.min().item()
    assert f": {times:.3g} times as much" in said
    before, after = scale.spreads
    assert after < before
    assert f"from {before:.3%} to {after:.3%} of their mean: RMSNorm makes them more alike" in said
    alike = replace(scale, norm_after=scale.norm_before)
    assert "as alike as before" in readings.norms(ends, alike, qwen2)
    turned = replace(scale, norm_after=scale.norm_before, norm_before=scale.norm_after)
    assert "less alike" in readings.norms(ends, turned, qwen2)
    none = ends.assign(sigma=[0.0, 0.0, 1.0])
    assert "times as much" not in readings.norms(none, scale, qwen2)


def test_how_it_goes_with_frequency(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    tokens = tables.tokens(qwen2, token_scale(qwen2), counts)
    row = frequency.correlations(tokens).iloc[0]
    assert f"is {row['rho']:+.2f} (p {row['p_shown']})" in readings.frequency(row, qwen2)
    rare = pd.Series({**row, "larger_for": "rare", "rho": -0.5})
    assert "rare tokens tend to have the larger σ, by which RMSNorm" in readings.frequency(
        rare, qwen2
    )
    never = frequency.correlations(tokens.assign(count=0)).iloc[0]
    assert "No rank correlation" in readings.frequency(never, qwen2)
