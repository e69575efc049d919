"""The tables of the words that a model rebuilds."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.heads.rebuilt import Rebuilt
from detok.tables import rebuilt as tables, terms as terms_tables

ROWS = [
    # past_id, current_id, past, current, rank, count
    (1, 2, " h", "ot", 1, 900),
    (3, 4, " tranqu", "il", 1, 800),
    (5, 6, " happ", "iness", 1, 300),
    (5, 7, " happ", "ily", 1, 200),
    (8, 6, " great", "iness", 1, 100),
    (9, 10, " part", "icular", 2, 1000),
]


@pytest.fixture
def words() -> pd.DataFrame:
    columns = ["past_id", "current_id", "past", "current", "rank", "count"]
    table = pd.DataFrame(ROWS, columns=columns)
    return table.assign(joined=table["past"] + table["current"], head=0)


def test_the_gallery_has_first_ranks_then_long_words_then_frequent_ones(
    words: pd.DataFrame,
) -> None:
    shown = tables.gallery(words, 9)
    assert shown["joined"].tolist() == [" tranquil", " happiness", " hot", " particular"]
    assert tables.gallery(words, 2)["joined"].tolist() == [" tranquil", " happiness"]
    assert set(shown) == set(words)
    assert tables.gallery(words.iloc[:0], 3).empty


def test_the_heads_that_rebuild_come_first() -> None:
    hits, chance = np.array([40, 30, 90]), np.array([39.0, 2.0, 3.0])
    table = tables.by_head(Rebuilt(pd.DataFrame(), 100, hits, chance))
    assert table["head"].tolist() == [2, 1, 0]
    assert table["rebuilds"].tolist() == [True, True, False]
    assert table["by_chance"].tolist() == [3.0, 2.0, 39.0]


def test_a_cell_has_each_term_less_its_rows_mean(layer: detok.Layer) -> None:
    ids = [70, 12, 250]
    terms = detok.terms(layer, ids, heads=1)
    cell = tables.cell(terms_tables.maps(layer, ids, terms, range(3)), 2, 1)
    row = terms.ee[0, 2] / terms.scale
    assert cell["ee"] == pytest.approx((row[1] - row.mean()).item(), rel=1e-6)
    assert cell["sum"] == pytest.approx(cell.drop("sum").sum())
