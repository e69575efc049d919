"""What is said of where heads look by place alone, in sentences."""

import pandas as pd

from detok.counting.counts import Counts
from detok.model.any_layer import AnyLayer
from detok.readings import words
from detok.readings.positions import most
from detok.tables.positions import NEAR


def heads(layer: AnyLayer, best: dict[str, pd.DataFrame], i: int, counts: Counts | None) -> str:
    """Which heads give most to close positions, and which to position 0, at position i.

    `best` is of `tables.look_back.best`; tokens are drawn by the counts, if they have to be.
    """
    n_close = min(NEAR, i + 1 - layer.first_visible(i)) if layer.is_causal else None
    given = most(best, layer.n_heads, n_close)
    said = f"At i = {i} and {words.words_for(layer).by_place}, {given}."
    if "distance" not in best:
        return said
    if not best["distance"].empty:
        rows = best["distance"]
        heads = words.named(rows["head"].tolist(), layer.n_heads)
        where = f"most, {rows['mass'].iloc[0]:.1%}, in {heads}"
        if len(rows) == layer.n_heads:
            where = f"{rows['mass'].iloc[0]:.1%} in {heads}"
        said += f" Of how much scores vary along a row, the distance alone explains {where}."
    return f"{said} Means are over tokens drawn {words.drawn(counts)}."
