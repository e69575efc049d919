"""The table of counts: its rows and pairs, pruned, padded, empty, and of another tokenizer."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

import detok
from detok import InputError
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.vocabulary import Vocabulary
from tests.support.corpora import SMALL
from tests.support.models import byte_tokenizer
from tests.support.texts import CORPORA, END, TEXTS, V, as_counters


def plain_pairs(ids: list[int]) -> Counter:
    return Counter(pair for pair in pairwise(ids) if END not in pair)


@given(CORPORA)
def test_pairs_are_asked_for_one_by_one_by_row_and_all_at_once(ids: list[int]) -> None:
    counts, expected = count_ids(np.array(ids, dtype=np.int64), V, END), plain_pairs(ids)
    past, current = np.indices((V, V))
    table = [[expected[j, i] for i in range(V)] for j in range(V)]
    assert counts.pairs(past, current).tolist() == table
    assert counts.pair(5, 5) == expected[5, 5]
    row = {j: n for (j, i), n in expected.items() if i == 5}
    assert dict(zip(*(a.tolist() for a in counts.row(5)), strict=True)) == row


@given(CORPORA, st.integers(1, 5))
def test_pruning_drops_only_rare_pairs(ids: list[int], min_count: int) -> None:
    whole = count_ids(np.array(ids, dtype=np.int64), V, END)
    pruned = whole.pruned(min_count)
    assert pruned.min_count == min_count
    kept = {pair: n for pair, n in plain_pairs(ids).items() if n >= min_count}
    assert as_counters(pruned) == (Counter(ids), kept)
    assert pruned.pruned(1) is pruned


def test_counts_of_no_text() -> None:
    counts = Counts.empty(V)
    assert counts.vocab_size == V
    assert as_counters(counts) == as_counters(count_ids(np.array([], dtype=np.int64), V))
    assert counts.pair(1, 2) == 0
    assert counts.padded(V + 3).vocab_size == V + 3


def test_counts_of_a_model_with_more_embeddings_than_tokens() -> None:
    counts = count_ids(np.array([1, 2, 1]), V).padded(V + 3)
    assert counts.vocab_size == V + 3
    assert counts.pair(1, 2) == counts.pair(2, 1) == 1
    assert not counts.row(V + 2)[0].size
    with pytest.raises(InputError, match="expected at most V = 5"):
        counts.padded(5)


def test_pmi() -> None:
    counts = count_ids(np.array([0, 1, 0, 1, 2, 3]), V)
    found = counts.pmi(np.array([0, 2, 3]), np.array([1, 3, 0]))
    assert found[:2].tolist() == pytest.approx([np.log2(2 * 6 / 4), np.log2(6)])
    assert found[2] == -np.inf
    with pytest.raises(InputError, match="out of range"):
        counts.pmi(np.array([0]), np.array([V]))


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    one, two = (Vocabulary(byte_tokenizer(n)) for n in (300, 301))
    assert one.sha256 == Vocabulary(byte_tokenizer(300)).sha256
    count_ids(np.array([1, 2]), 300, None, {"tokenizer": "one", TOKENIZER_HASH: one.sha256}).save(
        path
    )
    assert Counts.load(path, one).vocab_size == 300
    with pytest.raises(InputError, match=r"the tokenizer one \(V = 300, .*model's \(V = 301"):
        Counts.load(path, two)
    count_ids(np.array([1, 2]), 301).save(path)
    with pytest.raises(InputError, match="of unknown name"):
        Counts.load(path, two)


def test_ids_out_of_range_are_refused() -> None:
    counts = count_ids(np.array([1, 2]), V)
    with pytest.raises(InputError, match="out of range"):
        counts.pair(0, V)
    with pytest.raises(InputError, match="out of range"):
        counts.row(-1)


@given(TEXTS, st.integers(1, 3))
def test_pairs_inside_words_are_some_of_all(texts: list[str], min_count: int) -> None:
    counts = detok.count(texts, SMALL).pruned(min_count)
    inside = counts.within_words()
    of_all, (tokens, pairs) = as_counters(counts)[1], as_counters(inside)
    assert tokens == as_counters(counts)[0]
    assert all(min_count <= n <= of_all[pair] for pair, n in pairs.items())
    assert as_counters(inside.within_words()) == (tokens, pairs)
    assert inside.provenance["pairs"] == "inside words"
    assert "pairs" not in counts.provenance


def test_words_are_those_of_the_tokenizer() -> None:
    """A mark is a word of its own, and a space begins one."""
    counts = detok.count(["unfit unfit, (unfit"], SMALL)
    ids = SMALL.encode("unfit")
    inside = counts.within_words()
    mark, bracket = SMALL.encode(","), SMALL.encode(" (")
    assert inside.pair(ids[-2], ids[-1]) == 3
    assert counts.pair(ids[-1], mark[0]) == 1
    assert inside.pair(ids[-1], mark[0]) == inside.pair(bracket[-1], ids[0]) == 0
    assert inside.pair(*bracket) == 1


def test_counts_of_ids_do_not_tell_words() -> None:
    with pytest.raises(InputError, match="do not tell which pairs stood inside words"):
        count_ids(np.array([1, 2]), 3).within_words()
