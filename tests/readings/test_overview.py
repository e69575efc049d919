"""What the overview says."""

import pandas as pd
import pytest

import detok
from detok.readings import overview as readings
from detok.tables.overview import fallen, growth


def test_the_reading_of_emergence_follows_from_its_table() -> None:
    history = pd.DataFrame(
        {
            "step": [0, 0, 0, 9, 9, 9],
            "tokens": [0, 0, 0, 9e6, 9e6, 9e6],
            "head": [0, 1, 2] * 2,
            "pair_auroc": [0.49, 0.5, 0.52, 0.6, 0.9, 0.7],
            "first_3": [0.0, 0.0, 0.01, 0.2, 0.4, 0.1],
            "held_out_loss": [9.0, 9.0, 9.0, 4.5, 4.5, 4.5],
        }
    )
    said = readings.emergence(growth(history), fallen(history))
    assert "between 0.49 and 0.52" in said
    assert "after 9 M tokens it is 0.90 in head 1 and 0.65 in the median of the others" in said
    assert "the true predecessor of 40% of the tokens" in said
    assert "9.00 nats per token at first, 4.50 in the end" in said


@pytest.mark.parametrize("last", [0.72, 0.9])
def test_a_head_that_fell_back_is_said_to(last: float) -> None:
    history = pd.DataFrame(
        {
            "step": [0, 0, 5, 5, 9, 9],
            "tokens": [0, 0, 5e6, 5e6, 9e6, 9e6],
            "head": [0, 1] * 3,
            "pair_auroc": [0.5, 0.5, 0.81, 0.6, 0.7, last],
            "first_3": 0.1,
            "held_out_loss": 4.0,
        }
    )
    said = readings.emergence(growth(history), fallen(history))
    assert ("The highest on the way, 0.81, was in head 0 after 5 M" in said) == (last < 0.81)
    assert "1 of 2 heads fell back by 0.03 or more: head 0, from 0.81 to 0.70." in said


def test_of_heads_that_only_rose_and_of_one_head_alone_no_more_is_said() -> None:
    history = pd.DataFrame(
        {
            "step": [0, 9],
            "tokens": [0, 9e6],
            "head": 0,
            "pair_auroc": [0.5, 0.7],
            "first_3": 0.1,
            "held_out_loss": 4.0,
        }
    )
    said = readings.emergence(growth(history), fallen(history))
    assert "fell back" not in said
    assert "others" not in said
    assert "nan" not in said


@pytest.mark.parametrize(("model", "where"), [("mini", "bundled with detok"), (None, "folder")])
def test_where_a_model_comes_from(layer: detok.Layer, model: str | None, where: str) -> None:
    layer = detok.load(model) if model else layer
    said = readings.origin(layer)
    assert said.startswith(layer.name)
    assert where in said
    assert readings.facts(layer)["Vocabulary V"] == f"{layer.vocab_size:,}"
