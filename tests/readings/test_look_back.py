"""What is said of where heads look is in their table, for every kind of layer."""

from dataclasses import replace

import detok
from detok.counting.counts import Counts
from detok.readings import look_back as readings
from detok.tables import look_back as tables


def said(layer: detok.Layer | detok.RotaryLayer, i: int, counts: Counts | None = None) -> str:
    table = tables.heads(layer, i, counts)
    return readings.heads(layer, tables.best(table, i), i, counts)


def test_learned_positions(layer: detok.Layer, both_ways: detok.Layer) -> None:
    table = tables.heads(layer, 9, None)
    head = int(table["mass_last_5_at_9"].idxmax())
    sentence = said(layer, 9)
    assert sentence.startswith("At i = 9 and by position alone, ")
    share = table["mass_last_5_at_9"][head]
    assert f"head {head} gives {share:.0%} to its last 5 positions, the most" in sentence
    assert "drawn" not in sentence
    assert "its last 3 positions" in said(layer, 2)
    assert "at most 5 nearest positions" in said(both_ways, 9)


def test_rotary_ones(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    table = tables.heads(qwen2, 9, counts)
    head = int(table["distance_share"].idxmax())
    sentence = said(qwen2, 9, counts)
    assert sentence.startswith("At i = 9 and by the mean score of each distance, ")
    share = table["distance_share"][head]
    explains = "Of how much scores vary along a row, the distance alone explains most, "
    assert f"{explains}{share:.1%}, in head {head}." in sentence
    assert f"by how often they occur in {counts.origin}" in sentence
    assert "each as likely, for want of counts" in said(qwen2, 9)
    assert "to itself" in said(qwen2, 0)
    windowed = replace(qwen2, first=replace(qwen2.first, window=3))
    assert "its last 3 positions" in said(windowed, 9)


def test_nothing_that_varies(qwen2: detok.RotaryLayer) -> None:
    best = tables.best(tables.heads(qwen2, 9, None), 9)
    nothing = best["distance"].iloc[:0]
    assert "explains" not in readings.heads(qwen2, best | {"distance": nothing}, 9, None)
    every = best | {"distance": best["distance"].iloc[[0] * qwen2.n_heads].assign(head=range(4))}
    assert f"explains {best['distance']['mass'].iloc[0]:.1%} in all heads." in readings.heads(
        qwen2, every, 9, None
    )
