"""What is said of LayerNorm follows from its tables and statistics."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import detok
from detok.readings import layernorm as readings
from detok.tables import layernorm as tables
from tests.support.models import random_checkpoint


@pytest.fixture(scope="module")
def stats(layer: detok.Layer) -> detok.LayerNormStats:
    return detok.layernorm_stats(layer)


def test_the_ends_against_the_median(stats: detok.LayerNormStats) -> None:
    table = tables.variances(stats)
    said = readings.variances(table, stats)
    median = np.median(table["variance"])
    assert f"Var(p_0) is {table['variance'].iloc[0] / median:,.2f} times the median" in said
    none = replace(stats, var_p_z=torch.zeros(16))
    assert readings.variances(table, none).endswith("beyond 3.5: none.")
    one = replace(stats, var_p_z=torch.eye(16)[2] * 9)
    assert "1 of 16 positions stand out (2)." in readings.variances(table, one)


def test_sigma_and_norms(stats: detok.LayerNormStats) -> None:
    table = tables.variances(stats)
    first, rest = table["sigma"].iloc[0], np.median(table["sigma"].iloc[1:])
    said = readings.sigma(table, stats)
    assert f"by {rest:.3f} at the median of the others: {first / rest:.2f} times" in said
    said = readings.norms(stats)
    before, after = stats.norm_variances
    assert f"a variance of {before:.3g} before and {after:.3g} after" in said
    assert f"is {stats.mean_var_e / stats.mean_abs_cov:,.0f} times the mean" in said


@pytest.mark.parametrize("i", [0, 9])
def test_the_switch(layer: detok.Layer, i: int) -> None:
    plain, bias = (detok.position_bias(layer, i, layernorm=on) for on in (False, True))
    said = readings.switch(tables.switch(layer, plain, bias, 1), plain, bias, 1)
    assert f"Head 1, i = {i}. j = 0: {plain.total[1, 0]:.3f} without LayerNorm" in said
    assert ("j = 4:" in said) == (i == 9)
    without, with_it = plain.attention[1, 0].item(), bias.attention[1, 0].item()
    assert f"gets {without:.1%} of the attention without LayerNorm and {with_it:.1%} with" in said


def test_an_untrained_last_position(stats: detok.LayerNormStats) -> None:
    said = readings.last_rows(stats, 1)
    assert f"spread {stats.last_flatness[1]:.2f} times" in said
    assert "does not look untrained" in said
    flat = replace(stats, last_flatness=stats.last_flatness * 0.01)
    assert "it looks untrained" in readings.last_rows(flat, 1)


@pytest.mark.parametrize(
    ("n_positions", "words"),
    [
        (1, "no scores of others"),
        (3, "no scores"),
        (4, "the two before it"),
        (5, "three"),
        (6, "four"),
    ],
)
def test_short_models(tmp_path: Path, n_positions: int, words: str) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    layer = detok.load(str(tmp_path), device="cpu")
    stats = detok.layernorm_stats(layer)
    assert words in readings.last_rows(stats, 0)
    assert "nan" not in readings.sigma(tables.variances(stats), stats)


def test_without_a_mask_even_attention_is_over_all_positions(both_ways: detok.Layer) -> None:
    plain, bias = (detok.position_bias(both_ways, 3, layernorm=on) for on in (False, True))
    said = readings.switch(tables.switch(both_ways, plain, bias, 1), plain, bias, 1)
    assert "(evenly spread: 6.2%)" in said
