"""What is said of token affinity follows from its tables."""

import numpy as np
import pandas as pd
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
    assert f"{best['shown']} in head {best['head']} (Tᵉᵉ = {best['score']:.3g}" in said
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


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ([1, 9, 1], "Heads 0 and 2 rank it highest: 1 for"),
        ([4, 4, 4], "All heads rank it: 4 for"),
        ([2], "Head 0 ranks it: 2 for"),
    ],
)
def test_heads_of_equal_rank_are_all_named(
    layer: detok.Layer, ranks: list[float], words: str
) -> None:
    typical = pd.DataFrame({"head": range(len(ranks)), "rank": ranks, "n": 1})
    assert words in readings.piece_ranks(typical, layer)


def test_of_equal_scores_none_is_said_to_be_alone(layer: detok.Layer) -> None:
    table = detok.affinity(layer, 70, k=3).assign(score=-0.25)
    said = readings.answer(tables.with_counts(table, layer, 70, "past", None), layer)
    assert said.endswith("Of those shown, 5 more are as strong.")
    assert "(Tᵉᵉ = -0.25, unscaled)" in said


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (True, "1 of the 1 pair shown really occurs"),
        (False, "0 of the 1 pair shown really occur in"),
    ],
)
def test_one_pair(layer: detok.Layer, known: bool, words: str) -> None:
    counts = count_ids(np.array([5, 70, 9]), layer.vocab_size)
    table = pd.DataFrame({"head": [0], "known": [known], "score": -3.0})
    said = readings.known(table, counts)
    assert words in said
    assert said.startswith("The higher Tᵉᵉ,")


def test_diagonal_heads_are_named(layer: detok.Layer) -> None:
    table = tables.own_copies(tables.pairs(layer, IDS[:3], [0, 1]))
    first = table.iloc[0]
    assert f"partner in head {first['head']} for {first['own']} of 3" in readings.pairs(table)
    none = readings.pairs(table.assign(own=0))
    assert "In no head is a token's own copy its best partner" in none
    assert "no other to be compared" in readings.pairs(table.assign(own=0, n=1))
