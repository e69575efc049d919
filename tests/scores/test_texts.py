"""Which texts are drawn of many."""

import numpy as np
from scipy import stats

from detok.scores.texts import drawn


def test_every_text_is_drawn_equally_often() -> None:
    numbers = [number for seed in range(900) for number, _ in drawn(range(6), 2, seed)]
    counts = np.bincount(numbers, minlength=6)
    assert counts.sum() == 1800
    assert stats.chisquare(counts).pvalue > 0.001


def test_they_stay_in_their_order_and_keep_their_numbers() -> None:
    texts = [f"text {n}" for n in range(50)]
    sample = drawn(iter(texts), 7, 3)
    assert sample == sorted(sample)
    assert [text for _, text in sample] == [texts[number] for number, _ in sample]
    assert drawn(texts, 99, 0) == list(enumerate(texts))
