"""The tables of a text's attention with and without some terms."""

import numpy as np
import pandas as pd

from detok.model.any_layer import AnyLayer
from detok.scores.contributions import Ablation
from detok.tables.common import array, cells
from detok.tables.text import labels, pairs_of, visible

ROW_SHOWN = 12  # tokens j compared


def attention(
    layer: AnyLayer, ids: list[int], ablation: Ablation, heads: list[int], window: range
) -> pd.DataFrame:
    """Attention weights for all j that i sees in a window, for the heads that `ablation` has.

    Columns: head, i, j, token_id_i, token_id_j, current, past (labels), full, left.
    """
    inside = slice(window.start, window.stop)
    weights = {name: array(getattr(ablation, name)[:, inside, inside]) for name in ("full", "left")}
    shown = np.broadcast_to(visible(layer, len(ids))[inside, inside], weights["full"].shape)
    columns = cells({"head": heads, "i": window, "j": window}, shown)
    tokens = pairs_of(layer, ids, columns)
    return pd.DataFrame(columns | tokens | {name: w[shown] for name, w in weights.items()})


def divergences(ablation: Ablation, heads: list[int], i: int) -> pd.DataFrame:
    """How far each head's attention has moved, D(P‖Q) in nats; the most changed heads come first.

    Columns: head, at_i, mean and largest (over the positions), largest_at.
    """
    nats = array(ablation.divergence)  # (heads, n)
    columns = {
        "head": heads,
        "at_i": nats[:, i],
        "mean": nats.mean(axis=1),
        "largest": nats.max(axis=1),
        "largest_at": nats.argmax(axis=1),
    }
    table = pd.DataFrame(columns)
    return table.sort_values(["mean", "head"], ascending=False, ignore_index=True)


def row(layer: AnyLayer, ids: list[int], ablation: Ablation, i: int) -> pd.DataFrame:
    """The tokens of row i that get most attention with or without the dropped terms.

    Columns: j, token_id, past (label), attention ("full" or "left"), weight.
    """
    full, left = (array(m[0, i]) for m in (ablation.full, ablation.left))
    order = np.argsort(-np.maximum(full, left), kind="stable")
    best = np.sort(order[visible(layer, len(ids))[i][order]][:ROW_SHOWN])
    shown = labels(layer, ids)[best]
    parts = [
        pd.DataFrame(
            {
                "j": best,
                "token_id": np.array(ids)[best],
                "past": shown,
                "attention": name,
                "weight": weights[best],
            }
        )
        for name, weights in (("full", full), ("left", left))
    ]
    return pd.concat(parts, ignore_index=True)
