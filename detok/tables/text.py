"""The tokens of a text in tables."""

from collections.abc import Mapping

import numpy as np

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


def pairs_of(
    layer: AnyLayer | Model, ids: list[int], columns: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What stands at i and j of each row: token_id_i, token_id_j, current, past (their labels)."""
    shown, tokens = labels(layer, ids), np.array(ids)
    i, j = columns["i"], columns["j"]
    return {
        "token_id_i": tokens[i],
        "token_id_j": tokens[j],
        "current": shown[i],
        "past": shown[j],
    }
