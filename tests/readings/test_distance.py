"""What is said of a pair over distances follows from its tables."""

import pandas as pd
import pytest

from detok.counting.counts import Counts
from detok.readings import distance as readings

OF, AT = "x before y", list(range(1, 10))


def peaks(*distances: int, n: int = 1) -> pd.DataFrame:
    rows = {"head": range(len(distances)), "distance": distances, "n": n, "score": 2.5}
    return pd.DataFrame(rows | {"mean": 0.5, "low": -1.0, "high": 2.0})


def test_one_head() -> None:
    said = readings.curve(peaks(4), AT, OF, "ee", 8, False)
    assert said == (
        "Head 0 scores x before y highest at distance 4, of distances 1 to 9 (Tᵉᵉ = 2.5, unscaled; "
        "pairs of random tokens there: 0.5 ± 1.5)."
    )
    without = readings.curve(peaks(4).drop(columns=["low", "high"]), AT, OF, "total", 8, False)
    assert "(whole score = 2.5, unscaled; pairs of random tokens there: 0.5)" in without
    assert "at distance 4 and 2 more, of" in readings.curve(peaks(4, n=3), AT, OF, "ee", 8, False)
    assert "the same at all distances 1 to 9" in readings.curve(
        peaks(1, n=9), AT, OF, "ee", 8, False
    )
    assert "at distance 1, of distance 1 alone" in readings.curve(peaks(1), [1], OF, "ee", 8, False)


@pytest.mark.parametrize(
    ("distances", "words"),
    [
        ((1, 4, 1), "at 1 in 2 of 3 heads: heads 0 and 2. Farther away: in head 1 at 4."),
        ((1, 1), "at 1 in 2 of 2 heads."),
        ((3, 4), "at 1 in 0 of 2 heads. Farther away: in head 0 at 3; in head 1 at 4."),
        ((1, *range(2, 8)), "in head 4 at 5; and so on for 2 more."),
    ],
)
def test_all_heads(distances: tuple[int, ...], words: str) -> None:
    said = readings.curve(peaks(*distances), AT, OF, "ee", len(distances), False)
    assert said.startswith("Of distances 1 to 9, Tᵉᵉ of x before y is largest at 1 in ")
    assert said.endswith(words)
    whole = readings.curve(peaks(*distances), AT, OF, "ee", len(distances), True)
    assert whole.endswith(f"{words} Tᵉᵉ is the whole score of this model.")


def test_what_the_random_pairs_are(counts: Counts, no_counts: Counts) -> None:
    assert counts.origin in readings.chance(counts, 2048, True)
    for without in (None, no_counts):
        said = readings.chance(without, 2048, False)
        assert "2,048 tokens drawn each as likely as any other" in said
        assert "band" not in said


def test_the_strongest_wave() -> None:
    table = pd.DataFrame({"head": [2], "period": [6.283], "amplitude": [2.0], "share": [0.41]})
    said = readings.spectrum(table, True)
    assert said.startswith(
        "The strongest wave: in head 2 it has a period of 6.28 tokens (41% of all amplitudes)."
    )
    assert "not turned" in said
    assert "not turned" not in readings.spectrum(table, False)
    assert readings.spectrum(table.head(0), False).endswith("No wave moves this pair.")
    many = pd.concat([table.assign(head=head) for head in range(6)])
    assert "; the other 2 are in the chart." in readings.spectrum(many, False)
