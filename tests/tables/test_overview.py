"""How detokenization emerged, as a table and in words."""

import pandas as pd

from detok.readings import overview as readings
from detok.tables import overview as tables


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
    reading = readings.emergence(tables.growth(history))
    assert "between 0.49 and 0.52" in reading
    assert "after 9 M tokens head 1 reaches 0.90, the others' median is 0.65" in reading
    assert "from 9.00 to 4.50" in reading
