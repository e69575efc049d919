"""The tables of token affinity against the library."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.counting.in_memory import count_ids
from detok.tables import affinity as tables

IDS = [70, 12, 250, 12, 9]
WORDS = [0, 0, 1, 1, 1]


def test_pairs_are_looked_up_in_their_order(layer: detok.Layer) -> None:
    counts = count_ids(np.array([5, 70, 9, 70, 9]), layer.vocab_size)
    for side, before_or_after in (("past", [5, 9]), ("current", [9])):
        table = detok.affinity(layer, 70, k=layer.vocab_size, side=side)
        table = tables.with_counts(table, layer, 70, side, counts)
        known = table[table["known"]]
        assert sorted(known["token_id"].unique()) == before_or_after
        assert (known["count"] == [counts.pair(*p) for p in pairs(known, side)]).all()


def pairs(table: pd.DataFrame, side: str) -> list[tuple[int, int]]:
    return [(t, 70) if side == "past" else (70, t) for t in table["token_id"]]


def test_side_by_side_marks_known_pairs(layer: detok.Layer) -> None:
    table = detok.affinity(layer, 70, k=3)
    counts = count_ids(np.array([table["token_id"].iloc[1], 70]), layer.vocab_size)
    table = tables.with_counts(table, layer, 70, "past", counts)
    wide = tables.side_by_side(table)
    assert list(wide.columns) == ["Rank", "Head 0", "Head 1"]
    assert wide["Head 0"].tolist()[1] == "✓ " + table["joined_shown"].iloc[1]
    assert wide["Head 0"].tolist()[0] == table["joined_shown"].iloc[0]


def test_the_ranks_of_pieces_within_words(layer: detok.Layer) -> None:
    table = tables.piece_ranks(layer, IDS, WORDS)
    ranks = detok.previous_piece_ranks(layer, IDS)
    assert sorted(table["position"].unique()) == [1, 3, 4]  # 2 begins a word
    assert len(table) == layer.n_heads * 3
    show = layer.tokenizer.show
    for row in table.itertuples():
        t = row.position
        assert row.rank == ranks[row.head, t - 1]
        assert row.pair == f"{t}: {show(IDS[t - 1])} + {show(IDS[t])}"
    assert tables.piece_ranks(layer, IDS, [0, 1, 2, 3, 4]).empty
    assert tables.piece_ranks(layer, [], []).empty


def test_the_heads_that_rank_a_piece_highest_are_told_for_each_pair(layer: detok.Layer) -> None:
    best = tables.best_ranks(tables.piece_ranks(layer, IDS, WORDS))
    ranks = detok.previous_piece_ranks(layer, IDS)
    assert best["position"].tolist() == [1, 3, 4]
    for row in best.itertuples():
        of_heads = ranks[:, row.position - 1].tolist()
        assert row.rank == min(of_heads)
        assert row.heads == [head for head, rank in enumerate(of_heads) if rank == row.rank]


@pytest.mark.parametrize(
    ("token", "place"),
    [(12, 3), (70, 0), (9, 4), (250, 2), (5, None), (None, None)],
)
def test_a_token_is_taken_where_a_piece_of_its_word_stands_before_it(
    token: int | None, place: int | None
) -> None:
    assert tables.place_of(token, IDS, [0, 1, 2, 2, 3]) == place


def test_samples_are_reproducible_and_have_no_token_twice(layer: detok.Layer) -> None:
    first = tables.sampled_tokens(layer, 1, 100)
    assert first == tables.sampled_tokens(layer, 1, 100)
    assert first != tables.sampled_tokens(layer, 2, 100)
    assert len(set(first)) == 100
    assert len(tables.sampled_tokens(layer, 1, 10**6)) == layer.vocab_size


def test_pairs_are_in_their_place(layer: detok.Layer) -> None:
    matrix = detok.affinity_matrix(layer, IDS)
    for row in tables.pairs(layer, IDS, [1, 0]).itertuples():
        assert row.score == pytest.approx(matrix[row.head, row.row, row.column].item(), rel=1e-6)
        assert row.current == layer.tokenizer.show(IDS[row.row])
        assert row.past == layer.tokenizer.show(IDS[row.column])


def test_equal_scores_are_no_copies_and_tiny_ones_may_be(layer: detok.Layer) -> None:
    K = torch.zeros_like(layer.K_E)
    none = tables.own_copies(tables.pairs(replace(layer, K_E=K), IDS[:3], [0, 1]))
    assert none["own"].tolist() == [0, 0]
    scores = torch.zeros_like(layer.K_E)
    ids = torch.tensor(IDS[:3])
    scores[:, ids, range(3)] = 1e-5
    queries = torch.zeros_like(layer.Q_E)
    queries[:, ids, range(3)] = 1e-3
    copies = replace(layer, K_E=scores, Q_E=queries)
    assert tables.own_copies(tables.pairs(copies, IDS[:3], [0, 1]))["own"].tolist() == [3, 3]
    assert tables.own_copies(tables.pairs(copies, IDS[:1], [0, 1]))["own"].tolist() == [0, 0]


def test_diagonal_heads_are_counted(layer: detok.Layer) -> None:
    own = (detok.affinity_matrix(layer, IDS[:3]).argmax(dim=2) == torch.arange(3)).sum(dim=1)
    table = tables.own_copies(tables.pairs(layer, IDS[:3], [0, 1]))
    assert table.set_index("head")["own"].to_dict() == dict(enumerate(own.tolist()))
    assert table["own"].is_monotonic_decreasing
    assert (table["n"] == 3).all()
