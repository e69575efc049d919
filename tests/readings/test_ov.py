"""What is said of what heads pass on follows from its tables."""

import pandas as pd
import pytest

import detok
from detok.readings import ov as readings
from detok.tables import ov as tables


@pytest.mark.parametrize("head", [0, 1])
def test_the_answer_is_that_of_the_table(layer: detok.Layer, head: int) -> None:
    table = tables.passed_on(layer, 70, [head], 3)
    said = readings.answer(table, layer, "X")
    most, least, own = (table[table["raised"] == end].iloc[0] for end in ("most", "least", "own"))
    assert most["change"] > 0 > least["change"]
    assert f"If head {head} attends to X, it raises the logit of {most['shown']} most; " in said
    assert f"it lowers that of {least['shown']} most." in said
    does = "raises" if own["change"] > 0 else "lowers"
    assert f"The logit of X itself it {does}: place {own['rank']} of 300." in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((2.0, 1.0), "raises the logit of a most; it lowers no logit, and raises least that of b."),
        ((-1.0, -2.0), "raises no logit, and lowers that of a least; it lowers that of b most."),
        ((0.0, 0.0), "raises no logit, and lowers that of a least; it lowers no logit"),
    ],
)
def test_signs_are_said_as_they_are(
    layer: detok.Layer, changes: tuple[float, float], said: str
) -> None:
    table = pd.DataFrame(
        {"head": 0, "raised": ["most", "least"], "rank": 1, "shown": ["a", "b"], "change": changes}
    )
    assert said in readings.answer(table, layer, "X")


def test_who_copies() -> None:
    table = pd.DataFrame({"head": [0, 1], "copying": [0.25, 0.75], "positive": [0.5, 1.0]})
    assert readings.copying(table, None).startswith("Head 1 copies most: 75.0% of all tokens.")
    said = readings.copying(table, 0)
    assert said.startswith("Head 0 copies 25.0% of all tokens, and 50.0% of its eigenvalues have")
    same = table.assign(copying=0.5)
    assert readings.copying(same, None).startswith("All heads copy: 50.0% of all tokens.")
    assert readings.copying(table[:1], None).startswith("Head 0 copies: 25.0% of all tokens.")
