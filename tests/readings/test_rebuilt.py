"""What is said of the words that a model rebuilds follows from what was measured."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.heads.rebuilt import Rebuilt
from detok.readings import rebuilt as readings
from detok.tables import rebuilt as tables


@pytest.fixture(scope="module")
def word() -> pd.Series:
    return pd.Series({"past_id": 70, "current_id": 12, "head": 1, "rank": 1})


@pytest.mark.parametrize(("rank", "place"), [(1, "first"), (2, "second"), (3, "third")])
def test_the_finding_says_which_head_and_place(
    layer: detok.Layer, word: pd.Series, rank: int, place: str
) -> None:
    word = word.copy()
    word["rank"] = rank
    past, current = layer.tokenizer.show(70), layer.tokenizer.show(12)
    said = readings.finding(layer, word)
    assert said == f"Head 1 ranks {past} {place} of 300 tokens before {current}."
    shown = readings.pieces(layer, word)
    assert shown.startswith(f"{past} + {current}, head 1")
    assert (place in shown) is (rank > 1)


def said(hits: list[int], chance: list[float], n: int = 90) -> str:
    found = Rebuilt(pd.DataFrame(), n, np.array(hits), np.array(chance))
    return readings.tried(tables.by_head(found), n)


def test_what_was_tried_and_what_chance_has() -> None:
    some = said([50, 2, 20, 9], [3.25, 2, 4, 9])
    assert "Tried: the 90 words" in some
    assert "2 heads have the first piece among the first 3 of all tokens" in some
    assert "chance: head 0 for 50 (3.2 by chance), head 2 for 20 (4.0 by chance)." in some
    assert "1 head has" in said([50, 2], [3, 2])
    many = said([50, 20, 30, 40], [3, 3, 3, 3])
    assert "most often head 0 for 50" in many
    assert "head 1" not in many


def test_where_no_head_rebuilds_words_it_is_said() -> None:
    none = said([4, 30], [0.1, 29.5])
    assert "No head puts them together" in none
    assert "The most has head 1, for 30 of them, where chance has 29.5" in none
    assert "none could be tried" in said([0, 0], [0, 0], 0)


def test_the_cell_of_the_finding(layer: detok.Layer) -> None:
    sentence = readings.cell(layer, 5, 70, pd.Series({"ee": 2.25, "sum": -1.5}), 0.876)
    assert "gets 88% of the attention" in sentence
    assert "whole score is -1.5 in the frame, ee alone +2.2" in sentence
    assert "columns past tokens j" in readings.maps(layer)
