"""How training went, a row a step."""

import pandas as pd

from detok.bundled import BUNDLED
from detok.tables.overview import fallen, growth


def test_a_row_a_step() -> None:
    history = pd.read_csv(BUNDLED["mini"] / "emergence.csv")
    table = growth(history)
    assert table["step"].tolist() == sorted(set(history["step"]))
    for row in table.itertuples():
        heads = history[history["step"] == row.step].set_index("head")["pair_auroc"]
        assert row.highest == heads[row.head] == heads.max()
        assert row.lowest == heads.min()
        assert row.others == heads.drop(row.head).median()


def test_how_far_each_head_fell_back_from_its_highest() -> None:
    history = pd.DataFrame(
        {
            "step": [0, 0, 5, 5, 9, 9],
            "head": [0, 1] * 3,
            "pair_auroc": [0.5, 0.5, 0.6, 0.8, 0.7, 0.6],
        }
    )
    table = fallen(history)
    assert table["head"].tolist() == [1, 0]
    assert table["highest"].tolist() == [0.8, 0.7]
    assert table["last"].tolist() == [0.6, 0.7]
    assert table["fell"].tolist() == [0.8 - 0.6, 0.0]
