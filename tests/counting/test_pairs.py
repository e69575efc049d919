"""Pairs are counted by sorting, against a plain count, whatever the portions."""

from collections import Counter
from itertools import pairwise, zip_longest

import numpy as np
import pytest
from hypothesis import given, strategies as st

from detok.counting import pairs
from detok.counting.pairs import PairCounter, Run
from tests.support.texts import CORPORA, END, V


def counters_of(portions: list[Run]) -> tuple[Counter, Counter]:
    """How often each pair was seen, and how often of it in a word."""
    keys = np.concatenate([run.keys for run in portions])
    assert (np.diff(keys.astype(np.int64)) > 0).all()
    pairs = [(key % V, key // V) for key in keys.tolist()]
    columns = (np.concatenate(arrays).tolist() for arrays in list(zip(*portions, strict=True))[1:])
    counts, within = (dict(zip(pairs, column, strict=True)) for column in columns)
    return Counter(counts), Counter({pair: n for pair, n in within.items() if n})


PORTIONS = st.lists(CORPORA, max_size=5)
IDS = st.integers(0, V - 1)
REPEATED = st.lists(st.tuples(IDS, IDS, st.integers(1, 9), st.booleans()), max_size=20)


@given(PORTIONS, st.lists(REPEATED, max_size=4), st.sampled_from([[], [END]]))
def test_pairs_in_portions(
    portions: list[list[int]], repeated: list[list], separators: list[int]
) -> None:
    """Ids in a row, which go on in the next portion, and between them pairs with their counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK", 3)
        patch.setattr(pairs, "RANGES", 3)
        counter = PairCounter(V, separators)
        row: list[int] = []
        for ids, more in zip_longest(portions, repeated, fillvalue=[]):
            carried = len(row[-1:])
            counter.add(np.array(row[-1:] + ids, dtype=np.int64), carried=carried)
            row += ids
            past, current, times, within = np.array(more, dtype=np.int64).reshape(-1, 4).T
            counter.add_repeated(past, current, times, times * within)
        assert counter.total == len(row)
        tokens, run = counter.take()
    listed = [pair for more in repeated for pair in more]
    expected = Counter(pairwise(row)) + Counter(p[:2] for p in listed for _ in range(p[2]))
    within = Counter(p[:2] for p in listed for _ in range(p[2] * p[3]))
    for found, counted in zip(counters_of(run), (expected, within), strict=True):
        assert found == Counter({p: n for p, n in counted.items() if not {*p} & {*separators}})
    assert tokens.tolist() == [row.count(token) for token in range(V)]
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
