"""How training went, a row a step."""

import pandas as pd

from detok.bundled import BUNDLED
from detok.tables.overview import growth


def test_a_row_a_step() -> None:
    history = pd.read_csv(BUNDLED["mini"] / "emergence.csv")
    table = growth(history)
    assert table["step"].tolist() == sorted(set(history["step"]))
    for row in table.itertuples():
        heads = history[history["step"] == row.step].set_index("head")["pair_auroc"]
        assert row.highest == heads[row.head] == heads.max()
        assert row.lowest == heads.min()
        assert row.others == heads.drop(row.head).median()
