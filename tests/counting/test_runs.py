"""Runs on the disk, and their sum."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given, strategies as st

from detok.counting.pairs import PairCounter
from detok.counting.runs import State, StoredRun, merged
from tests.support.texts import CORPORA, V


@given(st.lists(CORPORA, max_size=5), st.integers(1, 2000))
def test_the_sum_of_runs(corpora: list[list[int]], memory: int) -> None:
    """Whatever of them is held at once."""
    expected: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as name:
        runs = []
        for n, ids in enumerate(corpora):
            counter = PairCounter(V)
            counter.add(np.array(ids, dtype=np.int64))
            tokens, portions = counter.take()
            keys, counts, _ = (np.concatenate(a) for a in zip(*portions, strict=True))
            expected.update(dict(zip(keys.tolist(), counts.tolist(), strict=True)))
            runs.append(StoredRun(Path(name) / str(n), V))
            runs[-1].write(tokens, portions, State(tokens=len(ids)))
            assert runs[-1].tokens().tolist() == tokens.tolist()
            assert runs[-1].state() == State(tokens=len(ids))
        portions = list(merged(runs, memory))
    keys = [int(key) for run in portions for key in run.keys]
    assert keys == sorted(expected)
    assert [int(n) for run in portions for n in run.counts] == [expected[key] for key in keys]


def test_what_runs_cover_adds_up() -> None:
    total = State()
    for n in (1, 2):
        state = State([n], None, n, 10 * n)
        for where in ("b", "a"):
            state.report("empty documents", f"{where}{n}")
        total.add(state)
    assert total == State([1, 2], None, 3, 30, {"empty documents": (4, "b1")})
