"""What is said of two heads: true of equal heads, of one mask, of differently split texts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import detok
from detok.readings import compare as readings
from detok.scores.compare import Split, shared
from detok.tables import compare as tables, compare_lists
from detok.tables.compare import Side

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture
def sides(layer: detok.Layer) -> tuple[Side, Side]:
    return Side("left", layer, 0), Side("right", layer, 1)


def maps(sides: tuple[Side, Side], what: str) -> tables.Maps:
    return tables.maps(*sides, shared(Split(IDS, IDS, 99), Split(IDS, IDS, 99), True), "", what)


def test_one_head_twice_is_said(sides: tuple[Side, Side]) -> None:
    assert readings.same(*sides) is None
    twice = sides[0], sides[0]._replace(name="right")
    assert "nothing differs" in readings.same(*twice)
    found = maps(twice, tables.ATTENTION)
    assert "do not differ" in readings.axes("past", tables.largest(found) is not None)
    assert "differs more" not in readings.cell(tables.cell(found, 3, 1), tables.ATTENTION)


def test_a_cell_is_said_in_numbers(sides: tuple[Side, Side]) -> None:
    found = maps(sides, tables.ATTENTION)
    i, j = tables.largest(found)
    said = readings.cell(tables.cell(found, i, j), tables.ATTENTION)
    assert f"i = {i}, j = {j}" in said
    assert f"left {found.left[i, j]:.3f}, right {found.right[i, j]:.3f}" in said
    assert said.endswith("No other cell of the text differs more.")
    ranks = maps(sides, tables.RANK)
    i, j = tables.largest(ranks)
    assert f"left {ranks.left[i, j]:.0f}, right" in readings.cell(
        tables.cell(ranks, i, j), tables.RANK
    )


@pytest.mark.parametrize(("wider", "which"), [(0, "left"), (1, "right")])
def test_a_far_wider_map_is_said(sides: tuple[Side, Side], wider: int, which: str) -> None:
    """The difference is then nearly that map, as its correlation with it shows."""
    found = maps(sides, tables.SUM)
    plain = found.spreads[0] / found.spreads[1]
    assert ("nearly" in readings.scales(found)) is (max(plain, 1 / plain) > tables.FAR_WIDER)
    name = ("left", "right")[wider]
    factor = 1.01 * tables.FAR_WIDER * found.spreads[1 - wider] / found.spreads[wider]
    wide = replace(found, **{name: factor * getattr(found, name)})
    assert f"nearly the {which} map’s own" in readings.scales(wide)
    assert "difference" not in readings.scales(replace(wide, has_same_cells=False))
    seen = ~np.isnan(wide.left)
    correlation = np.corrcoef(wide.difference[seen], getattr(wide, name)[seen])[0, 1]
    assert abs(correlation) > 0.94
    assert bool(correlation < 0) is ("signs turned" in readings.scales(wide))


def test_what_only_one_mask_does(layer: detok.Layer, both_ways: detok.Layer) -> None:
    assert readings.masks(layer, layer) is None
    assert "The left model’s tokens see nothing after" in readings.masks(layer, both_ways)
    assert "The right model’s tokens see nothing after" in readings.masks(both_ways, layer)


def test_how_a_text_is_split_is_said() -> None:
    one = shared(Split([1, 2], [1, 2], 9), Split([1, 2], [1, 2], 9), True)
    assert readings.text(one, True) == "2 tokens."
    assert "same parts" in readings.text(one, False)
    two = shared(Split([1, 2, 3], [1, 2, 3], 9), Split([1, 2], [2, 3], 9), False)
    assert readings.text(two, False) == (
        "Left: 3 tokens, right: 2 tokens. At 2 places a token of both ends."
    )
    cut = shared(Split([1, 2, 3], [1, 2, 3], 2), Split([1, 2], [2, 3], 9), False)
    assert "Left: 2 tokens, right: 1 token. At 1 place" in readings.text(cut, False)
    assert "Left out is the end" in readings.text(cut, False)
    assert "(2)" in readings.merged(two)


def test_ranks_and_lists_are_said(sides: tuple[Side, Side], layer: detok.Layer) -> None:
    typical = pd.DataFrame({"head": [0, 1], "rank": [3.0, 40.0], "n": [1, 1]})
    best, other = (readings.ranks(side, typical) for side in sides)
    by = "by Tᵉᵉ (σ is averaged over positions)"
    assert f"3 of 300 tokens {by}; no head of its model ranks it higher" in best
    assert f"40 of 300 tokens {by}; the highest of its model is 3, of head 0" in other
    common = compare_lists.tokens_in_both(layer, layer)
    found = compare_lists.lists(*sides, (70, 70), 20, "past", common)
    said = readings.lists(found, *sides)
    are = "is" if found.n_in_both == 1 else "are"
    assert f"Of the 20 best in either list, {found.n_in_both} {are} in both" in said
    assert "from 300 tokens would have 1.3 in common" in said
    assert f"{found.correlation:+.2f} (Spearman)" in said
    assert "Spearman" not in readings.lists(replace(found, correlation=np.nan), *sides)
    fewer = readings.lists(
        replace(found, n_common=200, sizes=(300, 420)), *sides[:1], Side("right", replace(layer), 0)
    )
    assert "300 and 420 tokens, 200 of them in both vocabularies" in fewer


def test_what_two_kinds_of_models_have_in_common(
    layer: detok.Layer, qwen2: detok.RotaryLayer
) -> None:
    assert readings.kinds(layer, layer) is None
    said = readings.kinds(layer, qwen2)
    assert "left model are made of ee, pp, ep, pe, e, p, those of the right one of ee, be" in said
    assert "ee is in both: in the right model it is of the two tokens at their distance" in said
    assert "in the left model it is" in readings.kinds(qwen2, layer)
    bare = replace(qwen2, query=replace(qwen2.query, b=None), key=replace(qwen2.key, b=None))
    of_two = readings.kinds(qwen2, bare)
    assert "those of the right one of ee." in of_two
    assert "at their distance" not in of_two
    assert "pp: its terms that both" not in readings.quantities(("attention", "rank", "score"))
    assert "; ee: its terms" in readings.quantities(("attention", "rank", "score", "ee"))


def test_windows_that_differ(layer: detok.Layer, qwen2: detok.RotaryLayer) -> None:
    narrow = replace(qwen2, first=replace(qwen2.first, window=3))
    assert readings.masks(layer, qwen2) is None
    said = readings.masks(layer, narrow)
    assert said.startswith("The right model’s tokens see only the last 3 tokens")
    assert readings.masks(narrow, layer).startswith("The left model’s tokens see only the last 3")
    assert readings.masks(narrow, narrow) is None


def test_a_cap_is_said(sides: tuple[Side, Side]) -> None:
    found = maps(sides, tables.SUM)
    assert "attention is e times as much" in readings.scales(found)
    said = readings.scales(found, is_capped=True)
    assert "before the cap" in said
    assert "e times" not in said
