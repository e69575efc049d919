"""What is said of the positional bias follows from its tables."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

import detok
from detok.readings import positions as readings
from detok.tables import positions as tables
from tests.support.models import random_checkpoint


def shapes_of(layer: detok.Layer, i: int, layernorm: bool = True) -> tables.Shapes:
    summary = detok.position_summary(layer, i, layernorm=layernorm)
    return tables.shapes(detok.position_bias(layer, i, layernorm=layernorm), summary)


@pytest.mark.parametrize("layernorm", [True, False])
def test_how_a_head_rises_and_waves(layer: detok.Layer, layernorm: bool) -> None:
    shapes = shapes_of(layer, 9, layernorm)
    shapes = replace(shapes, heads=shapes.heads.assign(is_wave=True))
    row = shapes.heads.loc[1]
    said = readings.self_assertion(shapes, 1, False)
    assert f"In head 1, Tᵖ rises on {row['rise_share']:.0%} of its steps" in said
    assert f"{row['slope_per_100']:+.2f} per 100 positions (R² {row['r2']:.2f})" in said
    assert f"position 0 ({row['p_first']:.2f}) and the last, 15 ({row['p_last']:.2f})" in said
    assert ("Bands over all tokens at j" in said) is layernorm
    said = readings.comparison(shapes, 1, True)
    assert f"over positions 1 to 14 has a period of {row['period']:.0f} positions" in said
    assert ("The token at i scales it" in said) is layernorm
    assert ("bands at its mean, over all tokens at j" in said) is layernorm
    said = readings.total(shapes, 1, True)
    assert f"Tᵖ spans {row['p_span']:.3g} there and Tᵖᵖ {row['pp_span']:.3g}; their sum" in said
    for sentence in (readings.self_assertion, readings.comparison, readings.total):
        assert "In head" not in sentence(shapes, None, False)
        assert "Not drawn" not in sentence(shapes, 1, True)
        assert "Not drawn" in sentence(shapes, 1, False)
        assert "Not drawn: position 0 and the last, 15." in sentence(shapes, None, False)


@pytest.mark.parametrize(
    ("slopes", "words"),
    [
        ([1, 2], "more attention in most"),
        ([-1, -2], "less attention in most"),
        ([1, -1], "neither more nor less in most"),
        ([0, 0], "neither more nor less in most"),
    ],
)
def test_most_is_more_than_half(layer: detok.Layer, slopes: list[int], words: str) -> None:
    shapes = shapes_of(layer, 9)
    shapes = replace(shapes, heads=shapes.heads.assign(slope_per_100=slopes))
    assert words in readings.self_assertion(shapes, None, False)


@pytest.mark.parametrize(
    ("i", "backs", "near"),
    [
        (100, [3, 40], "positions 1 to 100 (position 0 is left out), Tᵖᵖ is largest at most 32"),
        (100, [3, 40], "before i in 1 of 2 heads"),
        (9, [0, 4], "Of positions 1 to 9 (position 0 is left out), Tᵖᵖ is largest at i itself"),
        (9, [0, 4], "at i itself in 1 of 2 heads"),
    ],
)
def test_what_is_largest_near_i(i: int, backs: list[int], near: str) -> None:
    shapes = replace(shapes_of(detok.load("mini"), i), is_causal=True)
    heads = shapes.heads.head(2).assign(pp_back=backs, total_back=backs)
    shapes = replace(shapes, heads=heads)
    assert near in readings.comparison(shapes, None, False)
    assert near.removeprefix("Of ").split(", ")[-1].removeprefix("Tᵖᵖ is ") in readings.total(
        shapes, None, False
    )
    assert "(position 0 is left out)" in readings.total(shapes, None, False)


def test_a_slope_is_no_wave(layer: detok.Layer) -> None:
    shapes = shapes_of(layer, 9)
    shapes = replace(shapes, heads=shapes.heads.assign(is_wave=[True, False], period=[3.0, 14.0]))
    assert "a wave that repeats in 1 of 2 heads" in readings.comparison(shapes, None, True)
    said = readings.comparison(shapes, 1, True)
    assert "In head 1, Tᵖᵖ has a slope or a bend over positions 1 to 14" in said
    assert "a period of 14" not in said
    none = replace(shapes, heads=shapes.heads.assign(is_wave=False))
    assert readings.comparison(none, None, True).startswith("In no head")


@pytest.mark.parametrize("i", [0, 1, 9])
def test_nothing_is_larger_where_all_are_equal(layer: detok.Layer, i: int) -> None:
    zeros = torch.zeros_like(layer.K_pos)
    shapes = shapes_of(replace(layer, K_pos=zeros), i)
    said = readings.self_assertion(shapes, 1, True)
    assert said.startswith("In head 1, Tᵖ is the same at positions 1 to 14.")
    assert "in 0 of 2 heads, and its line slopes upward in 0 (median +0.00" in said
    said = readings.comparison(shapes, 1, True)
    assert said.startswith("In head 1, Tᵖᵖ is the same at positions 1 to 14")
    assert ("the same at all that i sees" in said) is (i > 1)
    assert "scales it" not in said
    said = readings.total(shapes, 1, True)
    if i > 1:
        assert "their sum is the same at all that i sees" in said
    else:
        assert said.startswith(f"i = {i} sees only itself{' and position 0' if i else ''}.")
    assert "nan" not in said


@pytest.mark.parametrize("head", [None, 1])
def test_where_attention_goes(layer: detok.Layer, head: int | None) -> None:
    measured = detok.mean_attention(layer, [range(16), range(5, 16), [1]], 9)
    attention = tables.attention(detok.position_bias(layer, 9), measured)
    if head is not None:
        attention = attention[attention["head"] == head]
    masses = tables.masses(attention, 9)
    said = readings.attention(masses, 9, head, [])
    where = "in head 1" if head else "on average over 2 heads"
    assert f"{masses['first_expected']:.0%} to position 0 {where}" in said
    assert f"in texts it gives {masses['last_mean']:.0%} to its last 5" in said
    assert f"overlap by {masses['overlap']:.0%}." in said
    over_heads = tables.over_heads(attention)
    said = readings.zoom(tables.peaks(over_heads, 9), 10, head)
    assert said.startswith("Of these 10 positions")
    assert "by position alone, attention is largest " in said
    assert f"({over_heads['mean'].max():.1%})" in said
    assert ("on average" in said) is (head is None)
    assert "2 excerpts; 1 too short" in readings.measured(measured, "excerpts")


def test_one_text_has_no_band(layer: detok.Layer) -> None:
    measured = detok.mean_attention(layer, [range(16)], 9)
    assert readings.measured(measured, "excerpts").endswith("over 1 excerpt.")
    assert readings.measured(measured, "of your texts").endswith("over 1 of your texts.")


def test_where_no_position_is_largest() -> None:
    even = pd.DataFrame({"j": range(4), "expected": 0.25, "mean": [0.4, 0.3, 0.2, 0.1]})
    said = readings.zoom(tables.peaks(even, 3), 4, 0)
    assert said == (
        "Of these 4 positions: by position alone, attention is largest at several (25.0%); "
        "measured, attention is largest 3 before i (40.0%)."
    )
    assert readings.zoom(tables.peaks(even[:1], 0), 1, 0) == "i sees only itself."


def summary(layer: detok.Layer, i: int) -> str:
    best = tables.nearest_and_first(detok.position_summary(layer, i), i)
    return readings.summary(best, i, layer.n_heads, layer.is_causal)


def test_which_head_looks_nearest(layer: detok.Layer) -> None:
    table = detok.position_summary(layer, 9)
    near, first = (table[f"mass_{name}_at_9"].idxmax() for name in ("last_5", "first"))
    said = summary(layer, 9)
    assert f"head {near} gives {table['mass_last_5_at_9'].max():.0%} to its last 5" in said
    assert (
        f"head {first} gives {table['mass_first_at_9'].max():.0%} to position 0, the most" in said
    )


def test_equal_heads_are_not_ranked(layer: detok.Layer) -> None:
    """From position 4 on, not all that is seen is close."""
    said = summary(layer, 2)
    assert "all heads give 100% to its last 3 positions; head" in said
    said = summary(replace(layer, K_pos=torch.zeros_like(layer.K_pos)), 9)
    assert "all heads give 50% to its last 5 positions; all heads give 10% to position 0." in said


def test_without_a_mask_nothing_is_past_or_masked(both_ways: detok.Layer) -> None:
    shapes = shapes_of(both_ways, 2)
    assert "the close ones" not in readings.self_assertion(shapes, 1, True)
    assert "Of positions 1 to 15" in readings.comparison(shapes, 1, True)
    said = readings.total(shapes, 1, True)
    assert "Over positions 1 to 15 (position 0 is left out)" in said
    assert "No mask hides" in said
    bias = detok.position_bias(both_ways, 2)
    said = readings.attention(tables.masses(tables.attention(bias, None), 2), 2, 1, [])
    assert "to the 5 positions nearest to it" in said
    assert "(evenly spread: 31.2% and 6.2%)" in said
    after = shapes.heads.assign(total_back=-3)
    assert "largest 3 after i" in readings.total(replace(shapes, heads=after), 1, True)
    assert "to at most 5 nearest positions" in summary(both_ways, 2)


@pytest.mark.parametrize(("i", "words"), [(0, "to itself and"), (2, "to its last 3 positions and")])
def test_the_first_positions_have_few_before_them(layer: detok.Layer, i: int, words: str) -> None:
    attention = tables.attention(detok.position_bias(layer, i), None)
    left_out = tables.left_out(attention["j"], 15)
    said = readings.attention(tables.masses(attention, i), i, 1, left_out)
    assert words in said
    assert said.endswith("Not drawn: position 0.") is (i > 0)
    over = "i = 0 sees only itself." if i == 0 else "Over positions 1 to 2 (position 0 is left out)"
    assert over in readings.total(shapes_of(layer, i), 1, True)
    assert words.split()[-2] in summary(layer, i)


def test_the_last_position_masks_nothing(layer: detok.Layer) -> None:
    assert "masked" in readings.total(shapes_of(layer, 14), None, True)
    assert "masked" not in readings.total(shapes_of(layer, 15), None, True)


@pytest.mark.parametrize("n_positions", [1, 2, 3])
def test_a_model_too_short_for_lines_and_waves(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    shapes = shapes_of(detok.load(str(tmp_path), device="cpu"), 0)
    for reading in (readings.self_assertion, readings.comparison):
        said = reading(shapes, 1, False)
        assert "too short for a" in said
        assert ("1 position is" in said) is (n_positions == 1)
    assert ("Not drawn" in readings.total(shapes, 1, False)) is (n_positions == 3)
