"""What is said of the positional bias follows from its tables."""

from dataclasses import replace
from pathlib import Path

import pytest

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
    row = shapes.heads.loc[1]
    said = readings.self_assertion(shapes, 1, False)
    assert f"In head 1, T^p rises on {row['rise_share']:.0%} of its steps" in said
    assert f"{row['slope_per_100']:+.2f} per 100 positions (R² {row['r2']:.2f})" in said
    assert f"position 0 ({row['p_first']:.2f}) and the last, 15 ({row['p_last']:.2f})" in said
    said = readings.comparison(shapes, 1, True)
    assert f"a period of {row['period']:.0f} positions" in said
    assert ("The token at i scales it" in said) is layernorm
    said = readings.total(shapes, 1, True)
    assert f"T^p spans {row['p_span']:.1f} and T^pp {row['pp_span']:.1f}" in said
    for sentence in (readings.self_assertion, readings.comparison, readings.total):
        assert "In head" not in sentence(shapes, None, False)
        assert "Not drawn" not in sentence(shapes, 1, True)
        assert "Not drawn" in sentence(shapes, 1, False)


@pytest.mark.parametrize(
    ("slopes", "words"),
    [([1, 2], "more attention in most"), ([-1, -2], "less attention in most"), ([1, -1], "no maj")],
)
def test_most_is_more_than_half(layer: detok.Layer, slopes: list[int], words: str) -> None:
    shapes = shapes_of(layer, 9)
    shapes = replace(shapes, heads=shapes.heads.assign(slope_per_100=slopes))
    assert words in readings.self_assertion(shapes, None, False)


@pytest.mark.parametrize("head", [None, 1])
def test_where_attention_goes(layer: detok.Layer, head: int | None) -> None:
    measured = detok.mean_attention(layer, [range(16), range(5, 16), [1]], 9)
    attention = tables.attention(detok.position_bias(layer, 9), measured)
    if head is not None:
        attention = attention[attention["head"] == head]
    masses = tables.masses(attention, 9)
    said = readings.attention(masses, 9, head, True)
    where = "in head 1" if head else "on average over 2 heads"
    assert f"{masses['first_expected']:.0%} to position 0 {where}" in said
    assert f"in texts it gives {masses['last_mean']:.0%} to its last 5" in said
    assert f"overlap by {masses['overlap']:.0%}." in said
    over_heads = tables.over_heads(attention)
    said = readings.zoom(over_heads, 9, head)
    assert said.startswith("By position alone, attention is largest ")
    assert f"({over_heads['mean'].max():.1%})" in said
    assert ("on average" in said) is (head is None)
    assert "2 excerpts; 1 too short" in readings.measured(measured, "excerpts")


def test_which_head_looks_nearest(layer: detok.Layer) -> None:
    summary = detok.position_summary(layer, 9)
    near = summary["mass_last_5_at_9"].idxmax()
    assert f"head {near} looks nearest" in readings.summary(summary, 9)


def test_without_a_mask_nothing_is_past_or_masked(both_ways: detok.Layer) -> None:
    shapes = shapes_of(both_ways, 2)
    assert "the close ones" not in readings.self_assertion(shapes, 1, True)
    assert "seen from i = 2" in readings.comparison(shapes, 1, True)
    said = readings.total(shapes, 1, True)
    assert "over positions 1 to 15" in said
    assert "No mask hides" in said
    bias = detok.position_bias(both_ways, 2)
    said = readings.attention(tables.masses(tables.attention(bias, None), 2), 2, 1, True)
    assert "to the 5 positions nearest to it" in said
    assert "(evenly spread: 31.2% and 6.2%)" in said
    after = shapes.heads.assign(total_back=-3)
    assert "largest 3 after i" in readings.total(replace(shapes, heads=after), 1, True)
    summary = detok.position_summary(both_ways, 2)
    assert "on at most 5 nearest positions" in readings.summary(summary, 2)


@pytest.mark.parametrize(("i", "words"), [(0, "to itself and"), (2, "to its last 3 positions and")])
def test_the_first_positions_have_few_before_them(layer: detok.Layer, i: int, words: str) -> None:
    bias = detok.position_bias(layer, i)
    said = readings.attention(tables.masses(tables.attention(bias, None), i), i, 1, False)
    assert words in said
    assert ("not drawn" in said) is (i > 0)
    over = "over position 0," if i == 0 else "over positions 1 to 2,"
    assert over in readings.total(shapes_of(layer, i), 1, True)
    assert words.split()[-2] in readings.summary(detok.position_summary(layer, i), i)


@pytest.mark.parametrize("n_positions", [1, 2, 3])
def test_a_model_too_short_for_lines_and_waves(tmp_path: Path, n_positions: int) -> None:
    random_checkpoint(tmp_path, n_positions=n_positions)
    shapes = shapes_of(detok.load(str(tmp_path), device="cpu"), 0)
    for reading in (readings.self_assertion, readings.comparison):
        assert "too short for a" in reading(shapes, 1, False)
    assert ("Not drawn" in readings.total(shapes, 1, False)) is (n_positions == 3)
