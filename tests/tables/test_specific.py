"""The table of what a head likes, whatever attends to it."""

from dataclasses import replace

import pytest
import torch

import detok
from detok.counting.counts import Counts
from detok.tables import affinity as affinity_tables, specific as tables


def test_the_best_by_the_shared_part(layer: detok.Layer, counts: Counts) -> None:
    shared = detok.shared_scores(layer, detok.shared_query(layer), heads=[1, 0])
    table = tables.liked(layer, shared, [1, 0], 5, counts)
    assert table["head"].tolist() == [1] * 5 + [0] * 5
    assert table["rank"].tolist() == [1, 2, 3, 4, 5] * 2
    for row, head in enumerate([1, 0]):
        rows = table[table["head"] == head]
        best = shared[row].topk(5)
        assert rows["token_id"].tolist() == best.indices.tolist()
        assert rows["score"].tolist() == best.values.tolist()
    assert table["shown"].tolist() == [layer.tokenizer.show(t) for t in table["token_id"]]
    assert table["count"].tolist() == [counts.tokens[t] for t in table["token_id"]]
    assert "count" not in tables.liked(layer, shared, [1, 0], 5, None)
    wide = affinity_tables.side_by_side(table, "shown")
    assert wide["Head 1"].tolist() == table["shown"].tolist()[:5]


def test_what_is_no_token_is_not_liked(layer: detok.Layer) -> None:
    holed = replace(layer, holes=torch.tensor([3, 150]))
    shared = detok.shared_scores(holed, detok.shared_query(holed), heads=0)
    table = tables.liked(holed, shared, [0], 1000, None)
    assert sorted(table["token_id"]) == [t for t in range(300) if t not in (3, 150)]


def test_one_token(layer: detok.Layer) -> None:
    shared = detok.shared_scores(layer, detok.shared_query(layer))
    table = tables.of_token(shared, [0, 1], 70)
    assert table["head"].tolist() == [0, 1]
    assert table["score"].tolist() == pytest.approx(shared[:, 70].tolist())
