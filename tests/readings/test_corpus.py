"""What is said of a corpus follows from its counts."""

import pandas as pd
import pytest

import detok
from detok.readings import corpus as readings
from detok.tables import corpus as tables
from tests.support.corpora import SMALL

TEXTS = ["The unfit, the unfit and the tranquil. " * 30]
COUNTS = detok.count(TEXTS, SMALL, corpus="made-up texts")


def row(**of: object) -> pd.DataFrame:
    return pd.DataFrame([{"past_shown": "·un", "current_shown": "fit", **of}])


def test_which_counts_are_used() -> None:
    n = int(COUNTS.tokens.sum())
    said = readings.used(COUNTS, n, is_own=False)
    assert said == f"Counts: {n:,} tokens of made-up texts."
    assert "your own, in this session alone" in readings.used(COUNTS, n, is_own=True)
    pruned = COUNTS.pruned(3)
    assert "pairs seen at least 3 times" in readings.used(pruned, n, is_own=False)


def test_how_much_there_is() -> None:
    found = tables.coverage(COUNTS, SMALL.missing)
    held = readings.held(found, "1")
    assert held["Documents"] == "1"
    assert held["Tokens"] == f"{COUNTS.tokens.sum():,}"
    assert held["Inside words"] == f"{COUNTS.within.sum() / COUNTS.pair_counts.sum():.1%}"
    for documents in ("", "many", "9" * 30):
        assert "Documents" not in readings.held(found, documents)
    unknown = readings.held(found._replace(within=None), "1")
    assert "Inside words" not in unknown
    assert readings.held(found._replace(pairs=0, within=0), "1")["Inside words"] == "none"


def test_how_uneven_tokens_are() -> None:
    found = tables.coverage(COUNTS, SMALL.missing)
    assert f"The {found.half:,} most frequent tokens are at least half" in readings.covers(found)
    one = readings.covers(found._replace(half=1, once=1))
    assert one == "The most frequent token is at least half of the text; 1 token occurs once."
    assert readings.covers(found._replace(tokens=0)) == "No token occurs."


@pytest.mark.parametrize(
    ("bits", "times"), [(10, "1,024 times"), (1, "2 times"), (-1, "0.5 times")]
)
def test_how_bound_a_pair_is(bits: float, times: str) -> None:
    said = readings.bound(row(count=40, pmi=bits))
    assert "·un + fit: seen 40 times inside words" in said
    assert f"{times} as often as chance" in said


def test_how_often_a_pair_was_seen() -> None:
    assert "·unfit: ·un + fit, at least once." in readings.split(row(joined="·unfit", count=1))
    assert "·un + fit: 1,234 times." in readings.frequent(row(count=1234))


def test_of_nothing_nothing_is_said() -> None:
    nothing = pd.DataFrame()
    assert readings.split(nothing).startswith("No word of letters")
    assert readings.bound(nothing).startswith("No pair was seen inside words")
    assert readings.frequent(nothing).startswith("No pair")
    assert readings.left_out(COUNTS) is None
