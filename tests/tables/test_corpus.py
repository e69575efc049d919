"""What a corpus's counts hold, against a plain count."""

from collections import Counter
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np
import pytest
from hypothesis import given, strategies as st

import detok
from detok.counting.in_memory import count_ids
from detok.tables import corpus as tables
from tests.support.corpora import SMALL
from tests.support.texts import TEXTS

IDS = [0, 1, 2, 1, 2, 1, 2, 4, 4, 1]
COUNTS = count_ids(np.array(IDS), 7)


def test_coverage() -> None:
    held = tables.coverage(COUNTS, missing=[6])
    assert held == (10, 4, 6, 2, 1, len({*pairwise(IDS)}), 9, None)
    assert tables.coverage(detok.count(["unfit unfit"], SMALL), []).within > 0
    nothing = tables.coverage(detok.Counts.empty(7), [])
    assert (nothing.tokens, nothing.types, nothing.half, nothing.pairs) == (0, 0, 0, 0)


def test_frequent_and_bound_pairs() -> None:
    seen, N = Counter(pairwise(IDS)), len(IDS)
    frequent = tables.frequent_pairs(COUNTS, 3)
    assert list(frequent["count"]) == sorted(seen.values(), reverse=True)[:3]
    for past, current, n, bits in frequent.itertuples(index=False):
        assert n == seen[past, current]
        chance = IDS.count(past) * IDS.count(current) / N
        assert bits == pytest.approx(np.log2(n / chance))
    every = tables.bound_pairs(COUNTS, 100, least=1)
    assert len(every) == len(seen)
    assert every["pmi"].is_monotonic_decreasing
    assert set(tables.bound_pairs(COUNTS, 100, least=2)["count"]) == {2, 3}
    assert tables.bound_pairs(COUNTS, 100).empty


def whole_words(texts: list[str]) -> Counter[tuple[int, int]]:
    """How often two tokens are a whole word of letters."""
    found: Counter[tuple[int, int]] = Counter()
    for text in texts:
        numbered = zip(SMALL.words(text), SMALL.encode(text), strict=True)
        words = [[t for _, t in some] for _, some in groupby(numbered, itemgetter(0))]
        found.update(
            (word[0], word[1])
            for word in words
            if len(word) == 2 and SMALL.text(*word).strip().isalpha()
        )
    return found


def test_words_that_are_split_in_two() -> None:
    """No more often than they are: all of them where the pieces stand in no longer word."""
    texts = ["the dog, the dog 1212 ?!?!", "the cat"]
    table = tables.split_words(detok.count(texts, SMALL), SMALL, 100)
    assert len(whole_words(texts)) > 1
    assert {(a, b): n for a, b, _, n in table.itertuples(index=False)} == whole_words(texts)
    assert table["word"].tolist()[:2] == ["the", "dog"]
    assert table["count"].is_monotonic_decreasing
    assert len(tables.split_words(detok.count(texts, SMALL), SMALL, 1)) == 1
    with pytest.raises(detok.InputError, match="do not tell"):
        tables.split_words(COUNTS, SMALL, 3)


@given(TEXTS, st.integers(1, 4))
def test_no_word_is_said_to_occur_more_often_than_it_does(texts: list[str], least: int) -> None:
    counts, true = (
        detok.count([*texts, "the dog zz dogs"], SMALL),
        whole_words([*texts, "the dog zz dogs"]),
    )
    table = tables.split_words(counts.pruned(least), SMALL, 1000)
    for past, current, word, n in table.itertuples(index=False):
        assert 0 < n <= true[past, current]
        assert word == SMALL.text(past, current).strip()


def test_tokens_never_seen(layer: detok.Layer) -> None:
    assert tables.never_seen(COUNTS, [6])["token_id"].tolist() == [3, 5]
    ids = np.arange(3, layer.vocab_size)
    by = tables.indicators(layer)
    table = tables.never_seen(count_ids(ids, layer.vocab_size), [1], by)
    assert sorted(table["token_id"]) == [0, 2]
    assert table["distance"].is_monotonic_increasing
    assert table["norm"].tolist() == by.loc[table["token_id"], "norm"].tolist()


def test_pairs_are_spelled() -> None:
    found = tables.frequent_pairs(detok.count(["unfit tranquil"], SMALL), 100)
    table = tables.spelled(found, SMALL)
    assert len(table)
    for row in table.itertuples(index=False):
        assert row.joined == SMALL.show(row.past, row.current)
        assert (row.past_shown, row.current_shown) == (
            SMALL.show(row.past),
            SMALL.show(row.current),
        )
    assert "joined" in tables.spelled(found.head(0), SMALL)
