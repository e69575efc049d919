"""Pairs are counted by sorting, against a plain count, whatever the portions."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from detok.counting import pairs
from detok.counting.pairs import PairCounter, Run
from tests.support.texts import CORPORA, END, V


def pairs_of(portions: list[Run]) -> Counter:
    keys = np.concatenate([run.keys for run in portions])
    assert (np.diff(keys.astype(np.int64)) > 0).all()
    counts = np.concatenate([run.counts for run in portions])
    return Counter(
        {(key % V, key // V): n for key, n in zip(keys.tolist(), counts.tolist(), strict=True)}
    )


@given(st.lists(st.lists(CORPORA, max_size=4), max_size=3), st.sampled_from([[], [END]]))
def test_documents_in_portions(portions: list[list[list[int]]], separators: list[int]) -> None:
    """Each portion is documents side by side; the last one goes on in the next portion."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK", 3)
        patch.setattr(pairs, "RANGES", 3)
        counter = PairCounter(V, separators)
        documents: list[list[int]] = [[]]
        for portion in portions:
            last = documents[-1][-1:]
            texts = [last + (portion[0] if portion else []), *portion[1:]]
            ends = np.cumsum([len(text) for text in texts])
            ids = np.array([token for text in texts for token in text], dtype=np.int64)
            counter.add(ids, ends[:-1], carried=len(last))
            documents[-1] += texts[0][len(last) :]
            documents += texts[1:]
        assert counter.total == sum(map(len, documents))
        tokens, run = counter.take()
    expected = Counter(p for ids in documents for p in pairwise(ids) if not {*p} & {*separators})
    assert pairs_of(run) == expected
    counted = Counter(token for ids in documents for token in ids)
    assert tokens.tolist() == [counted[token] for token in range(V)]
    assert counter.total == 0


def test_what_is_held_is_bounded() -> None:
    counter = PairCounter(1000, memory=10_000)
    ids = np.random.default_rng(0).integers(0, 1000, 50)
    portions = 0
    while not counter.is_full:
        counter.add(ids := np.roll(ids, 1) * 7 % 1000)
        portions += 1
    _, run = counter.take()
    assert 4 < portions < 30
    assert sum(len(part.keys) for part in run) > 200
    assert not counter.is_full
