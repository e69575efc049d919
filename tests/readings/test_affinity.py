"""What is said of token affinity follows from its tables."""

import numpy as np
import pytest

import detok
from detok.counting.in_memory import count_ids
from detok.readings import affinity as readings
from detok.tables import affinity as tables

IDS = [70, 12, 250, 12, 9]


@pytest.mark.parametrize("side", ["past", "current"])
def test_the_strongest_pair_and_the_known_ones(layer: detok.Layer, side: str) -> None:
    counts = count_ids(np.array([5, 70, 9, 70, 9]), layer.vocab_size)
    table = detok.affinity(layer, 70, k=layer.vocab_size, side=side)
    table = tables.with_counts(table, layer, 70, side, counts)
    best = table.sort_values("score").iloc[-1]
    said = readings.answer(table, layer)
    assert f"{best['shown']} in head {best['head']} (T^ee = {best['score']:.1f}" in said
    assert f"joins to “{best['joined_shown']}”" in said
    said = readings.known(table, counts)
    assert f"{table['known'].sum()} of the {len(table)} pairs shown over 2 heads" in said
    assert "pairs" not in readings.known(table, None)


@pytest.mark.parametrize("ids", [IDS, IDS[:2]])
def test_the_best_head_is_the_one_with_the_smallest_typical_rank(
    layer: detok.Layer, ids: list[int]
) -> None:
    typical = tables.typical_ranks(tables.piece_ranks(layer, ids))
    best = min(typical.itertuples(), key=lambda row: row.rank)
    what = f"{len(ids) - 1} pairs (geometric mean)" if len(ids) > 2 else "pair"
    said = readings.piece_ranks(typical, layer)
    assert f"Head {best.head} ranks it highest: {best.rank:,.0f} for the {what}." in said


def test_diagonal_heads_are_named(layer: detok.Layer) -> None:
    table = tables.own_copies(tables.pairs(layer, IDS[:3], [0, 1]))
    first = table.iloc[0]
    assert f"partner in head {first['head']} for {first['own']} of 3" in readings.pairs(table)
