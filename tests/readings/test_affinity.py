"""What is said of token affinity follows from its tables."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.counting.in_memory import count_ids
from detok.readings import affinity as readings
from detok.tables import affinity as tables

IDS = [70, 12, 250, 12, 9]
WORDS = [0, 0, 1, 1, 1]


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


@pytest.mark.parametrize("head", [None, 0, 1])
def test_the_lead_is_of_the_own_piece(layer: detok.Layer, head: int | None) -> None:
    ranks = tables.piece_ranks(layer, IDS, WORDS)
    show = layer.tokenizer.show
    for t in (1, 3):
        of_heads = detok.previous_piece_ranks(layer, IDS)[:, t - 1].tolist()
        best = of_heads.index(min(of_heads))
        said = readings.lead(ranks, layer, IDS, WORDS, t, head)
        assert f"Head {best} ranks {show(IDS[t - 1])} " in said
        assert f" of 300 tokens before {show(IDS[t])}, by Tᵉᵉ." in said
        assert ("is chosen" in said) is (head not in (None, best))
        if head not in (None, best):
            assert f"In head {head}, which is chosen, it has rank {of_heads[head]:,}." in said


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ([1, 9], "Head 0 ranks {past} first of 300 tokens before {current}, by"),
        ([1, 1], "All heads rank {past} first of 300 tokens"),
        (
            [7, 4],
            "No head ranks {past} first before {current}. Head 1 ranks {past} highest, at place 4 "
            "of 300 tokens",
        ),
        ([4, 4], "All heads rank {past} at place 4 of 300 tokens"),
    ],
)
def test_the_lead_says_which_heads_rank_it_and_how(
    layer: detok.Layer, ranks: list[int], words: str
) -> None:
    table = pd.DataFrame({"head": [0, 1], "position": 1, "pair": "1: x + y", "rank": ranks})
    said = readings.lead(table, layer, IDS, WORDS, 1)
    show = layer.tokenizer.show
    assert said.startswith(words.format(past=show(IDS[0]), current=show(IDS[1])))


def test_a_token_without_a_piece_before_it_is_told_so(layer: detok.Layer) -> None:
    ranks = tables.piece_ranks(layer, IDS, WORDS)
    assert "begins its word" in readings.lead(ranks, layer, IDS, WORDS, 0)
    alone = [0, 1, 2, 3, 4]
    ranks = tables.piece_ranks(layer, IDS, alone)
    assert "nothing to rebuild" in readings.lead(ranks, layer, IDS, alone, 4)


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ([[1, 9]], "Some head ranks it first for the pair: a + b in head 0."),
        ([[1, 9], [5, 3]], "first for 1 of 2 pairs: a + b in head 0."),
        ([[1, 1], [5, 1]], "2 of 2 pairs: a + b in all heads; a + b in head 1."),
        ([[8, 9]], "No head ranks it first for the pair; the best is rank 8 for a + b, in head 0."),
        ([[8, 9], [5, 3]], "any of the 2 pairs; the best is rank 3 for a + b, in head 1."),
        ([[1, 2]] * 6, "6 of 6 pairs: " + "; ".join(["a + b in head 0"] * 4) + "; and 2 more."),
    ],
)
def test_no_first_rank_of_a_pair_is_hidden(
    layer: detok.Layer, ranks: list[list[int]], words: str
) -> None:
    rows = [
        {"head": head, "position": t, "pair": f"{t}: a + b", "rank": rank}
        for t, pair in enumerate(ranks)
        for head, rank in enumerate(pair)
    ]
    assert readings.piece_ranks(tables.best_ranks(pd.DataFrame(rows)), layer).endswith(words)


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
