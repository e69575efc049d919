"""The table of where heads look by place alone."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.any_layer import AnyLayer
from detok.scores import look_back as scores
from detok.tables.common import first
from detok.tables.positions import nearest_and_first


def heads(layer: AnyLayer, i: int, counts: Counts | None) -> pd.DataFrame:
    """`scores.look_back.look_back` at position i, by the counts if there are any."""
    return scores.look_back(layer, i, token_counts=None if counts is None else counts.tokens)


def best(heads: pd.DataFrame, i: int) -> dict[str, pd.DataFrame]:
    """The heads with most of each: to the nearest positions, to the first, and by distance.

    Columns: head, mass. The last is only there with rotary positions.
    """
    found = nearest_and_first(heads, i)
    if "distance_share" in heads:
        rows = first(heads, "distance_share")[["head", "distance_share"]]
        found["distance"] = rows.set_axis(["head", "mass"], axis=1)
    return found
