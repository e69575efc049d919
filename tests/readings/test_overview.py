"""What the overview says."""

import pandas as pd
import pytest

import detok
from detok.readings import overview as readings
from detok.tables.overview import growth


def test_the_reading_of_emergence_follows_from_its_table() -> None:
    history = pd.DataFrame(
        {
            "step": [0, 0, 0, 9, 9, 9],
            "tokens": [0, 0, 0, 9e6, 9e6, 9e6],
            "head": [0, 1, 2] * 2,
            "auroc": [0.49, 0.5, 0.52, 0.6, 0.9, 0.7],
            "held_out_loss": [9.0, 9.0, 9.0, 4.5, 4.5, 4.5],
        }
    )
    said = readings.emergence(growth(history))
    assert "between 0.49 and 0.52" in said
    assert "after 9 M tokens head 1 reaches 0.90, the others' median is 0.65" in said
    assert "from 9.00 to 4.50" in said
    assert "chance" not in said
    assert "Random scores have 0.5, but preferring common tokens raises it too" in said


@pytest.mark.parametrize(("model", "where"), [("mini", "bundled with detok"), (None, "folder")])
def test_where_a_model_comes_from(layer: detok.Layer, model: str | None, where: str) -> None:
    layer = detok.load(model) if model else layer
    said = readings.origin(layer)
    assert said.startswith(layer.name)
    assert where in said
    assert readings.facts(layer)["Vocabulary V"] == f"{layer.vocab_size:,}"
