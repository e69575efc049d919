"""What is said of the forward-pass shift follows from its tables."""

import pandas as pd
import pytest

import detok
from detok.readings import shift as readings
from detok.tables import shift as tables


@pytest.fixture(scope="module")
def table(a_run: detok.Run) -> pd.DataFrame:
    return tables.curve(a_run, 2, 0)


@pytest.mark.parametrize("eta", [0.0001, 1.0])
def test_before_and_after_at_one_eta(a_run: detok.Run, table: pd.DataFrame, eta: float) -> None:
    found = detok.forward_shift(a_run.model, a_run.ids, 7, 2, eta)
    said = readings.curve(table, 2, eta)
    rival = tables.rival(a_run)
    assert f"a probability of {found.before:.3g} before" in said
    assert f"layer 2 is shifted towards it by η = {eta:g}" in said
    p = found.log_probs[0].exp()
    assert ("not ahead of" in said) == bool(p[7] <= p[rival])
    assert f"from {a_run.log_probs[rival].exp():.3g} to {p[rival]:.3g}" in said


def test_against_chance_and_counterfactual(table: pd.DataFrame) -> None:
    row = table[(table["line"] == "control") & (table["eta"] == 0.1)].iloc[0]
    said = readings.control(table, 0.1, "·x")
    assert f"towards “·x”, drawn at random, takes “{row['shown']}” from" in said
    assert f"to {row['after']:.3g}." in said
    assert said.endswith(readings.COUNTERFACTUAL)
    assert readings.control(table, 0.1, None) == readings.COUNTERFACTUAL


def test_what_is_nearly_certain_is_not_said_to_be(table: pd.DataFrame) -> None:
    certain = table.assign(after=0.99999)
    assert "of more than 0.999 once" in readings.curve(certain, 2, 0.1)


def test_the_best_layer() -> None:
    table = pd.DataFrame({"layer": range(3), "eta": 0.5, "before": 0.1, "after": [0.2, 0.3, 0.05]})
    said = readings.by_layer(table, tables.layers(table), "·x")
    assert "At η = 0.5, “·x” is most probable if layer 1 is shifted: 0.3, before 0.1." in said
    assert "raises it in 2 of 3 layers" in said
