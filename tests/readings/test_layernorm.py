"""What is said of LayerNorm follows from its tables and statistics."""

import math
import re
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
    assert "1 of 16 positions stands out (2)." in readings.variances(table, one)
    zero = replace(stats, var_p=torch.zeros(16))
    assert "; the median is 0. " in readings.variances(table, zero)
    assert "no other position" in readings.variances(table[:1], stats)


@pytest.mark.parametrize(
    ("after", "words"), [(1.5, "more alike"), (4.0, "less alike"), (3.0, "as alike as before")]
)
def test_what_division_makes_of_the_norms(
    stats: detok.LayerNormStats, after: float, words: str
) -> None:
    """A variance that rises need not make them less alike."""
    before, divided = torch.tensor([1.0, 3.0]), 100 * torch.tensor([1.0, after])
    stats = replace(stats, norm_before=before, norm_after=divided)
    said = readings.norms(stats)
    assert f"division makes them {words}." in said
    assert stats.norm_variances[1] > stats.norm_variances[0]


def test_norms_and_covariances_of_0(stats: detok.LayerNormStats) -> None:
    zeros = torch.zeros(300)
    none = replace(stats, norm_before=zeros, norm_after=zeros, mean_abs_cov=0.0)
    said = readings.norms(none)
    assert "from 0.000% to 0.000% of their mean: division makes them as alike as before." in said
    assert "|Cov(p, e)| is 0 for all" in said


def test_sigma_and_norms(stats: detok.LayerNormStats) -> None:
    table = tables.variances(stats)
    first, rest = table["sigma"].iloc[0], np.median(table["sigma"].iloc[1:])
    said = readings.sigma(table, stats)
    assert f"by {rest:.3g} at the median of the others: {first / rest:.2f} times" in said
    said = readings.norms(stats)
    before, after = stats.norm_variances
    assert f"a variance of {before:.3g} before and {after:.3g} after" in said
    assert f"is {stats.mean_var_e / stats.mean_abs_cov:,.3g} times the mean" in said


@pytest.mark.parametrize("i", [0, 9])
def test_the_switch(layer: detok.Layer, i: int) -> None:
    plain, bias = (detok.position_bias(layer, i, layernorm=on) for on in (False, True))
    said = readings.switch(tables.switch(layer, plain, bias, 1), plain, bias, 1)
    assert f"Head 1, i = {i}. j = 0: {plain.total[1, 0]:.3g} without LayerNorm" in said
    assert ("j = 4:" in said) == (i == 9)
    without, with_it = plain.attention[1, 0].item(), bias.attention[1, 0].item()
    assert f"gets: {without:.1%} of the attention without it and {with_it:.1%} with" in said
    assert ("LayerNorm raises" in said) == (i == 9 and with_it > without)
    assert ("LayerNorm lowers" in said) == (i == 9 and with_it < without)


def test_an_untrained_last_position(stats: detok.LayerNormStats) -> None:
    said = readings.last_rows(stats, 1)
    assert f"spread {stats.last_flatness[1]:.2f} times" in said
    assert "does not look untrained" in said
    flat = replace(stats, last_flatness=stats.last_flatness * 0.01)
    assert "it looks untrained" in readings.last_rows(flat, 1)
    assert "over j = 1 to 14 as those of the four before it" in said


@pytest.mark.parametrize(
    ("flatness", "words"),
    [
        ([0.1, math.nan], "neither the scores of the last position, 15, nor those of the four"),
        ([0.1, math.nan], "median of all heads 0.10: it looks untrained"),
        ([0.1, math.inf], "15, vary, and those of the four before it do not"),
        ([math.nan, math.nan], "whether it is trained cannot be told."),
    ],
)
def test_scores_that_do_not_vary(
    stats: detok.LayerNormStats, flatness: list[float], words: str
) -> None:
    said = readings.last_rows(replace(stats, last_flatness=torch.tensor(flatness)), 1)
    assert words in said
    assert not re.search(r"\b(nan|inf)\b", said)


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
