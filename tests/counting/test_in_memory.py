"""Counting texts and token ids in memory, against a plain count."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

import detok
from detok import InputError
from detok.counting import in_memory
from detok.counting.in_memory import count_ids
from tests.support.corpora import SMALL
from tests.support.texts import (
    CORPORA,
    END,
    TEXTS,
    V,
    as_counters,
    plain_count,
    plain_count_in_words,
)

pytestmark = pytest.mark.usefixtures("small_portions")


@given(TEXTS)
@example([])
@example([""])
@example(["the", "", "the the the the the the the the"])
def test_texts_in_memory(texts: list[str]) -> None:
    counts = detok.count(texts, SMALL)
    assert as_counters(counts) == plain_count(texts, SMALL)
    assert as_counters(counts.within_words())[1] == plain_count_in_words(texts, SMALL)
    assert counts.provenance["documents"] == str(len([t for t in texts if t]))
    assert counts.provenance["tokens"] == str(counts.tokens.sum())


def test_texts_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one text; expected several"):
        detok.count("the dog", SMALL)
    with pytest.raises(InputError, match=r"texts\[1\] is a int"):
        detok.count(["the dog", 3], SMALL)
    with pytest.raises(InputError, match=r"texts\[0\] has '\\ud800'"):
        detok.count(["\ud800"], SMALL)
    with pytest.raises(detok.CheckpointError):
        detok.count(["the dog"], str(tmp_path / "none"))


@given(CORPORA, st.sampled_from([None, END]), st.integers(1, 9))
def test_ids_in_memory(ids: list[int], end: int | None, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_memory, "BLOCK", block)  # so that pairs straddle blocks
        counts = count_ids(np.array(ids, dtype=np.uint16), V, end)
    tokens, pairs = as_counters(counts)
    assert pairs == Counter(pair for pair in pairwise(ids) if end not in pair)
    assert tokens == Counter(ids)
    assert counts.vocab_size == V


def test_ids_that_are_no_tokens_are_refused() -> None:
    with pytest.raises(InputError, match="token id 12 is out of range"):
        count_ids(np.array([1, V]), V)
    with pytest.raises(InputError, match="token id -1 is out of range"):
        count_ids(np.array([-1, 2]), V)
    with pytest.raises(InputError, match="expected integers"):
        count_ids(np.array([1.0, 2.0]), V)
    with pytest.raises(InputError, match=r"expected \(n,\)"):
        count_ids(np.array([[1, 2]]), V)
