"""The heads that look nearest, first, and by distance."""

import pandas as pd

import detok
from detok.counting.counts import Counts
from detok.tables import look_back as tables


def test_the_counts_say_which_tokens_are_drawn(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    table = tables.heads(qwen2, 9, counts)
    assert not table.equals(tables.heads(qwen2, 9, None))
    assert table["distance_share"].between(0, 1).all()


def test_of_learned_positions_they_say_nothing(layer: detok.Layer, counts: Counts) -> None:
    table = tables.heads(layer, 9, counts)
    assert table.equals(tables.heads(layer, 9, None))
    assert set(tables.best(table, 9)) == {"nearest", "first"}


def test_the_best_of_each() -> None:
    table = pd.DataFrame(
        {
            "head": [0, 1, 2],
            "mass_last_5_at_9": [0.1, 0.7, 0.7],
            "mass_first_at_9": [0.3, 0.2, 0.1],
            "distance_share": [float("nan"), 0.2, 0.4],
        }
    )
    best = tables.best(table, 9)
    assert {name: rows["head"].tolist() for name, rows in best.items()} == {
        "nearest": [1, 2],
        "first": [0],
        "distance": [2],
    }
    assert best["distance"]["mass"].tolist() == [0.4]
    nothing = tables.best(table.assign(distance_share=float("nan")), 9)
    assert nothing["distance"].empty
