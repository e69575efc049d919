"""The tokens of a text in tables."""

import numpy as np
import pandas as pd

from detok.model.layer import Layer
from detok.whole.model import Model


def labels(layer: Layer | Model, ids: list[int]) -> np.ndarray:
    """Each token with its place in the text, (n,): two equal tokens stay two."""
    shown = layer.tokenizer.show_each(ids)
    return np.array([f"{t} {text}" for t, text in enumerate(shown)], dtype=object)


def seen(layer: Layer, table: pd.DataFrame) -> pd.DataFrame:
    """The cells of a window that attention can see."""
    return table[table["j"] <= table["i"]].reset_index(drop=True) if layer.is_causal else table


def pairs_of(layer: Layer | Model, ids: list[int], table: pd.DataFrame) -> dict[str, np.ndarray]:
    """What stands at i and j of each row: token_id_i, token_id_j, current, past (their labels)."""
    shown, tokens = labels(layer, ids), np.array(ids)
    i, j = table["i"].to_numpy(), table["j"].to_numpy()
    return {
        "token_id_i": tokens[i],
        "token_id_j": tokens[j],
        "current": shown[i],
        "past": shown[j],
    }
