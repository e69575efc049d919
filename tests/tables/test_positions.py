"""The tables of the positional bias: what is drawn, and the shapes of its curves."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.tables import positions as tables
from tests.support.models import random_checkpoint


@pytest.mark.parametrize("layernorm", [True, False])
def test_curves_and_attention_are_in_their_place(layer: detok.Layer, layernorm: bool) -> None:
    bias = detok.position_bias(layer, 9, layernorm=layernorm)
    curves = tables.curves(bias)
    assert ("p_low" in curves) == ("pp_low" in curves) == ("pp_sigma_min" in curves) == layernorm
    for row in curves.sample(8, random_state=0).itertuples():
        if layernorm:
            place = row.head, row.j
            assert row.pp_high == bias.pp[place] + bias.pp_std[place]
            assert row.pp_low == bias.pp[place] - bias.pp_std[place]
            assert row.pp_min == bias.pp_min[place] <= row.pp <= row.pp_max == bias.pp_max[place]
        assert row.p == bias.p[row.head, row.j]
        assert row.total == bias.total[row.head, row.j]
    measured = detok.mean_attention(layer, [range(16), range(3, 16)], 9)
    attention = tables.attention(bias, measured)
    assert len(attention) == 2 * 10
    for row in attention.itertuples():
        assert row.expected == bias.attention[row.head, row.j]
        assert row.mean == measured.mean[row.head, row.j]
        assert 0 <= row.low <= row.mean <= row.high <= 1


def test_the_ends_are_drawn_only_when_asked_for() -> None:
    layer = detok.load("mini")
    curves = tables.curves(detok.position_bias(layer, 100))
    for ends, expected in [(False, range(1, 255)), (True, range(256))]:
        drawn = tables.drawn(curves, layer, 100, 3, ends)
        assert drawn["j"].tolist() == list(expected)
        assert set(drawn["head"]) == {3}


def test_many_positions_are_thinned_but_the_last_ones_stay(tmp_path: Path) -> None:
    random_checkpoint(tmp_path, n_positions=1024)
    layer = detok.load(str(tmp_path), device="cpu")
    assert tables.thinning(layer) == 4
    curves = tables.curves(detok.position_bias(layer, 500, layernorm=False))
    drawn = tables.drawn(curves, layer, 500, None, True)
    j = drawn.loc[drawn["head"] == 0, "j"]
    assert len(j) < 290
    assert {0, 4, 8, *range(469, 501), 1023} <= set(j)


@pytest.mark.parametrize("i", [0, 1, 9, 15])
@pytest.mark.parametrize("layernorm", [True, False])
def test_the_shapes_of_the_curves(layer: detok.Layer, i: int, layernorm: bool) -> None:
    bias = detok.position_bias(layer, i, layernorm=layernorm)
    summary = detok.position_summary(layer, i, layernorm=layernorm)
    shapes = tables.shapes(bias, summary)
    assert (shapes.i, shapes.last) == (i, 15)
    pd.testing.assert_frame_equal(shapes.heads[summary.columns], summary)
    for head, row in shapes.heads.iterrows():
        past = range(min(1, i), i + 1)
        p, pp, total = (
            [curve[head, j].item() for j in past] for curve in (bias.p, bias.pp, bias.total)
        )
        assert row["p_span"] == pytest.approx(max(p) - min(p))
        assert row["pp_span"] == pytest.approx(max(pp) - min(pp))
        if len(past) > 1:
            assert bias.pp[head, i - int(row["pp_back"])] == max(pp)
            assert bias.total[head, i - int(row["total_back"])] == max(total)
        assert (row["p_first"], row["total_last"]) == (bias.p[head, 0], bias.total[head, 15])
        if layernorm:
            scale = layer.moments.position_mean[i] / layer.moments.position_max[i]
            assert row["scale_max"] == pytest.approx(scale.item())
            assert row["scale_max"] <= 1 <= row["scale_min"]
    assert shapes.median["p_span"] == pytest.approx(np.median(shapes.heads["p_span"]))


def test_a_straight_line_is_no_wave(layer: detok.Layer) -> None:
    """Its lowest frequency is the strongest, over all positions that it is looked for in."""
    j = torch.arange(16, dtype=torch.float64)
    K = torch.stack([j, torch.cos(2 * math.pi * j / 7)])[:, :, None].expand(2, 16, 8)
    moments = replace(layer.moments, inverse_mean=torch.ones(16, dtype=torch.float64))
    layer = replace(layer, K_pos=K, moments=moments)
    summary = detok.position_summary(layer, 8)
    shapes = tables.shapes(detok.position_bias(layer, 8), summary)
    assert shapes.heads["period"].tolist() == pytest.approx([14, 7])
    assert shapes.heads["is_wave"].tolist() == [False, True]
    assert shapes.median["period"] == pytest.approx(7)


def test_what_is_equal_everywhere_is_largest_nowhere(layer: detok.Layer) -> None:
    layer = replace(layer, K_pos=torch.zeros_like(layer.K_pos))
    bias = detok.position_bias(layer, 9)
    shapes = tables.shapes(bias, detok.position_summary(layer, 9))
    assert shapes.heads[["pp_back", "total_back", "scale_max"]].isna().all(axis=None)
    assert (shapes.heads[["p_span", "pp_span"]] == 0).all(axis=None)
    peaks = tables.peaks(tables.over_heads(tables.attention(bias, None)), 9)
    assert peaks["back"].isna().all()
    assert peaks["weight"].tolist() == pytest.approx([0.1])


@pytest.mark.parametrize(("i", "all_close"), [(32, True), (33, True), (34, False)])
def test_whether_all_that_i_sees_is_close(i: int, all_close: bool) -> None:
    layer = detok.load("mini")
    bias = detok.position_bias(layer, i)
    shapes = tables.shapes(bias, detok.position_summary(layer, i))
    assert shapes.all_close is all_close


@pytest.mark.parametrize(
    ("j", "last", "expected"),
    [
        (range(1), 15, []),
        (range(2), 15, [0]),
        (range(2), 1, []),
        (range(16), 15, [0, 15]),
        (range(1), 0, []),
    ],
)
def test_which_positions_are_not_drawn(j: range, last: int, expected: list[int]) -> None:
    assert tables.left_out(j, last) == expected


def test_heads_that_give_most(layer: detok.Layer) -> None:
    summary = detok.position_summary(layer, 9)
    best = tables.nearest_and_first(summary, 9)
    for name, column in (("nearest", "mass_last_5_at_9"), ("first", "mass_first_at_9")):
        assert best[name]["mass"].tolist() == [summary[column].max()]
        assert best[name]["head"].tolist() == [summary[column].idxmax()]
    equal = tables.nearest_and_first(detok.position_summary(layer, 3), 3)["nearest"]
    assert equal["head"].tolist() == [0, 1]


@pytest.mark.parametrize("i", [0, 2, 9])
def test_the_masses_of_attention(layer: detok.Layer, i: int) -> None:
    bias = detok.position_bias(layer, i)
    measured = detok.mean_attention(layer, [range(16), range(5, 16)], i)
    masses = tables.masses(tables.attention(bias, measured), i)
    assert masses["n_heads"] == 2
    assert masses["last_expected"] == pytest.approx(bias.attention[:, -5:].sum().item() / 2)
    assert masses["first_mean"] == pytest.approx(measured.mean[:, 0].mean().item())
    assert masses["last_even"] == min(5, i + 1) / (i + 1)
    overlap = torch.minimum(bias.attention, measured.mean).sum().item() / 2
    assert masses["overlap"] == pytest.approx(overlap)
    assert "overlap" not in tables.masses(tables.attention(bias, None), i)


def test_the_mean_over_heads(layer: detok.Layer) -> None:
    bias = detok.position_bias(layer, 9)
    table = tables.over_heads(tables.attention(bias, None))
    assert table.columns.tolist() == ["j", "expected"]
    assert table["expected"].tolist() == pytest.approx(bias.attention.mean(dim=0).tolist())


@pytest.mark.parametrize("i", [0, 1, 9, 15])
def test_without_a_mask_all_positions_count(both_ways: detok.Layer, i: int) -> None:
    bias = detok.position_bias(both_ways, i)
    shapes = tables.shapes(bias, detok.position_summary(both_ways, i))
    assert shapes.seen == range(1, 16)
    for head, row in shapes.heads.iterrows():
        assert bias.total[head, i - int(row["total_back"])] == bias.total[head, 1:].max()
        span = bias.pp[head, 1:].max() - bias.pp[head, 1:].min()
        assert row["pp_span"] == pytest.approx(span.item())
    attention = tables.attention(bias, None)
    masses = tables.masses(attention, i)
    near = sorted(range(16), key=lambda j: abs(j - i))[:5]
    assert masses["last_expected"] == pytest.approx(bias.attention[:, near].sum().item() / 2)
    assert (masses["n_close"], masses["n_after"]) == (5, max(near) - i)
    assert (masses["last_even"], masses["first_even"]) == (5 / 16, 1 / 16)
    assert len(tables.close(attention, i)) == 2 * 16


def test_without_a_mask_both_sides_of_i_stay(tmp_path: Path) -> None:
    random_checkpoint(tmp_path, n_positions=1024)
    layer = detok.load(str(tmp_path), device="cpu")
    layer = replace(layer, first=replace(layer.first, is_causal=False))
    bias = detok.position_bias(layer, 501, layernorm=False)
    drawn = tables.drawn(tables.curves(bias), layer, 501, None, True)
    assert set(range(485, 517)) <= set(drawn["j"])
    close = tables.close(tables.attention(bias, None), 501)
    assert close["j"].unique().tolist() == list(range(485, 517))
