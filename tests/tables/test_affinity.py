"""The tables of the pages against the library, and sentences that follow from their numbers."""

import numpy as np
import pandas as pd
import torch

import detok
from detok.counting.in_memory import count_ids
from detok.readings import affinity as readings
from detok.tables import affinity as tables

IDS = [70, 12, 250, 12, 9]


def test_pairs_are_looked_up_in_their_order(layer: detok.Layer) -> None:
    counts = count_ids(np.array([5, 70, 9, 70, 9]), layer.vocab_size)
    for side, before_or_after in (("past", [5, 9]), ("current", [9])):
        table = detok.affinity(layer, 70, k=layer.vocab_size, side=side)
        table = tables.with_counts(table, layer, 70, side, counts)
        known = table[table["known"]]
        assert sorted(known["token_id"].unique()) == before_or_after
        assert (known["count"] == [counts.pair(*p) for p in pairs(known, side)]).all()
        reading = readings.known(table, counts)
        assert f"{len(known)} of the {len(table)} pairs" in reading


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


def test_the_best_head_is_the_one_with_the_smallest_typical_rank(layer: detok.Layer) -> None:
    table = tables.piece_ranks(layer, IDS)
    assert len(table) == layer.n_heads * (len(IDS) - 1)
    typical = {h: np.exp(np.log(rows["rank"]).mean()) for h, rows in table.groupby("head")}
    best = min(typical, key=typical.get)
    assert f"Head {best} ranks it highest" in readings.piece_ranks(
        tables.typical_ranks(table), layer
    )


def test_samples_are_reproducible_and_have_no_token_twice(layer: detok.Layer) -> None:
    first = tables.sampled_tokens(layer, 1, 100)
    assert first == tables.sampled_tokens(layer, 1, 100)
    assert first != tables.sampled_tokens(layer, 2, 100)
    assert len(set(first)) == 100
    assert len(tables.sampled_tokens(layer, 1, 10**6)) == layer.vocab_size


def test_diagonal_heads_are_counted(layer: detok.Layer) -> None:
    table = tables.pairs(layer, IDS[:3], [0, 1])
    matrix = detok.affinity_matrix(layer, IDS[:3])
    own = (matrix.argmax(dim=2) == torch.arange(3)).sum(dim=1).tolist()
    best = max(range(2), key=own.__getitem__)
    assert f"partner in head {best} for {own[best]} of 3" in readings.pairs(
        tables.own_copies(table)
    )
