"""How training went, a row a step."""

import os
from pathlib import Path

import pandas as pd
import pytest

from detok import InputError
from detok.bundled import BUNDLED
from detok.tables import overview
from detok.tables.overview import fallen, growth, history as history_in


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


OWN = BUNDLED["mini"] / "emergence.csv"
NAMES = "step,tokens,held_out_loss,head,pair_auroc,first_3,auroc,mass_last_5\n"


def test_the_history_of_the_bundled_model_is_as_it_was_written() -> None:
    pd.testing.assert_frame_equal(history_in(OWN), pd.read_csv(OWN))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "No columns"),
        (b"<html>", "it has no step or tokens"),
        (bytes(range(256)), "is not what training wrote"),
        (NAMES.encode(), "it has no rows"),
        ((NAMES + "0,0,7,0,x,0,0,0\n").encode(), "could not convert string to float"),
        ((NAMES + "0,0,7,0,,0,0,0\n").encode(), "a number is missing"),
        ((NAMES + "0,0,inf,0,0,0,0,0\n").encode(), "a number is missing"),
        ((NAMES + "0.5,0,7,0,0,0,0,0\n").encode(), "are not whole numbers"),
        ((NAMES + "0,0,7,-1,0,0,0,0\n").encode(), "are not whole numbers"),
        ((NAMES + "0,1e300,7,0,0,0,0,0\n").encode(), "are not whole numbers"),
        ((NAMES + "0,0,7,0,1.5,0,0,0\n").encode(), "are not from 0 to 1"),
        ((NAMES + "0,0,7,0,0,0,0,0\n" * 2).encode(), "every head once"),
        (OWN.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[0], "every head once"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_damaged_history_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "emergence.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=found) as caught:
        history_in(path)
    assert "\n" not in str(caught.value)
    assert "expected a row a step and head" in str(caught.value)


def test_a_history_that_is_no_file_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "emergence.csv"
    os.mkfifo(path)
    with pytest.raises(InputError, match="pipe or device"):
        history_in(path)
    monkeypatch.setattr(overview, "MAX_HISTORY", OWN.stat().st_size - 1)
    with pytest.raises(InputError, match="expected at most"):
        history_in(OWN)


def test_one_head_and_one_step_are_a_history(tmp_path: Path) -> None:
    path = tmp_path / "emergence.csv"
    path.write_text(NAMES + "0,0,7,0,0.5,0.1,0.5,0.2\n")
    assert growth(history_in(path))["highest"].tolist() == [0.5]
