"""The tokens of a text in tables."""

import numpy as np
import pandas as pd

from detok.model.any_layer import AnyLayer
from detok.whole.model import Model


def labels(layer: AnyLayer | Model, ids: list[int]) -> np.ndarray:
    """Each token with its place in the text, (n,): two equal tokens stay two."""
    shown = layer.tokenizer.show_each(ids)
    return np.array([f"{t} {text}" for t, text in enumerate(shown)], dtype=object)


def visible(layer: AnyLayer, n: int) -> np.ndarray:
    """Which tokens j of a text each token i of it sees, (n, n)."""
    i, j = np.arange(n)[:, None], np.arange(n)
    first = np.array([layer.first_visible(t) for t in range(n)])[:, None]
    return (first <= j) & ((j <= i) | (not layer.is_causal))


def seen(layer: AnyLayer, table: pd.DataFrame) -> pd.DataFrame:
    """The cells of a window that attention can see."""
    n = int(table[["i", "j"]].to_numpy().max(initial=-1)) + 1
    return table[visible(layer, n)[table["i"], table["j"]]].reset_index(drop=True)


def pairs_of(layer: AnyLayer | Model, ids: list[int], table: pd.DataFrame) -> dict[str, np.ndarray]:
    """What stands at i and j of each row: token_id_i, token_id_j, current, past (their labels)."""
    shown, tokens = labels(layer, ids), np.array(ids)
    i, j = table["i"].to_numpy(), table["j"].to_numpy()
    return {
        "token_id_i": tokens[i],
        "token_id_j": tokens[j],
        "current": shown[i],
        "past": shown[j],
    }
