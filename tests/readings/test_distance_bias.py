"""What is said of distances follows from the tables."""

from dataclasses import replace

import pandas as pd

import detok
from detok.counting.counts import Counts
from detok.readings import distance_bias as readings, words
from detok.tables import distance_bias as tables


def test_where_the_means_are_largest(qwen2: detok.RotaryLayer) -> None:
    bias = detok.distance_bias(qwen2, n_drawn=20)
    largest = tables.largest(tables.curves(bias))
    said = readings.curves(largest, bias, None)
    for name, symbol in readings.SYMBOLS.items():
        n = int((largest.loc[largest["term"] == name, "distance"] < tables.NEAR).sum())
        assert f"{symbol} is largest at Δ < {tables.NEAR} in {n}" in said
    assert "over all pairs of 20 tokens drawn each as likely, for want of counts" in said
    said = readings.curves(largest[largest["head"] == 1], bias, None)
    for row in largest[largest["head"] == 1].itertuples():
        assert (
            f"is largest at Δ = {row.distance} ({row.mean:+.3g}) and spans {row.span:.3g}" in said
        )


def test_counts_are_named(qwen2: detok.RotaryLayer) -> None:
    counts = Counts.empty(qwen2.vocab_size)
    bias = detok.distance_bias(qwen2, n_drawn=20)
    largest = tables.largest(tables.curves(bias))
    assert "want of counts" in readings.curves(largest, bias, counts)
    tokens = counts.tokens.copy()
    tokens[5] = 1
    said = readings.curves(largest, bias, replace(counts, tokens=tokens))
    assert f"by how often they occur in {counts.origin}" in said


def test_without_a_term_of_the_distance_alone(rotary: detok.RotaryLayer) -> None:
    said = readings.made_of(rotary)
    assert ("T^{bb}" in said) == ("bb" in rotary.term_names)
    assert ("Its only term" in said) == (rotary.term_names == ("ee",))
    assert said.endswith(words.limits(rotary))
    bias = detok.distance_bias(rotary, n_drawn=5)
    largest = tables.largest(tables.curves(bias))
    assert ("Tᵇᵇ" in readings.curves(largest, bias, None)) == ("bb" in rotary.term_names)


def test_attention_to_the_nearest() -> None:
    masses = pd.Series({"n_heads": 4, "n_near": 5, "near_expected": 0.5, "near_even": 0.25})
    said = readings.attention(masses, 19, None)
    assert "i = 19 would give 50% to the last 5 tokens, itself among them, on average over" in said
    assert "in texts" not in said
    more = pd.concat([masses, pd.Series({"near_mean": 0.4, "overlap": 0.9})])
    assert "in texts it gives 40%. The two curves overlap by 90%." in readings.attention(more, 1, 2)
    one = pd.Series({"n_heads": 1, "n_near": 1, "near_expected": 1, "near_even": 1})
    assert "would give 100% to itself in head 0" in readings.attention(one, 0, 0)
