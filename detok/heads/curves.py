"""The ROC curve of T^ee for one token (Fig. 2-C), and the ranks of its true predecessors."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.model.any_layer import AnyLayer
from detok.scores.affinity import affinity_scores

# Points of a curve, evenly spaced along either axis.
N_POINTS = 100


def roc_curves(layer: AnyLayer, counts: Counts, token: int) -> pd.DataFrame:
    """The ROC curve of each head for one current token, thinned to some 2 · N_POINTS points.

    A point is a threshold: true_positive is the share of the token's observed predecessors, by
    weight, whose T^ee reaches it, false_positive that of the tokens never seen before it. Columns:
    head, threshold, false_positive, true_positive. Empty for a token without an AUROC.

    Raises: InputError for a token that the model does not have.
    """
    token = layer.token_id(token)
    past, weight = counts.row(token)
    columns = ["head", "threshold", "false_positive", "true_positive"]
    if not 0 < len(past) < layer.vocab_size - len(layer.holes):
        return pd.DataFrame(columns=columns, dtype=float).astype({"head": int})
    scores = affinity_scores(layer, token).cpu().numpy()  # (H, V)
    positive, negative = np.zeros(layer.vocab_size), np.ones(layer.vocab_size)
    positive[past], negative[past] = weight, 0
    holes = layer.holes.tolist()
    scores, positive, negative = (np.delete(m, holes, -1) for m in (scores, positive, negative))
    curves = [_curve(head, row, positive, negative) for head, row in enumerate(scores)]
    return pd.concat(curves, ignore_index=True)


def _curve(
    head: int, scores: np.ndarray, positive: np.ndarray, negative: np.ndarray
) -> pd.DataFrame:
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # of each run of ties
    x, y = (np.append(0, np.cumsum(w[order])[last]) / w.sum() for w in (negative, positive))
    grid = np.linspace(0, 1, N_POINTS + 1)
    kept = np.unique(np.concatenate([np.searchsorted(x, grid), np.searchsorted(y, grid)]))
    kept = np.union1d(kept.clip(max=len(x) - 1), [0, len(x) - 1])
    threshold = np.append(np.inf, ordered[last])
    return pd.DataFrame(
        {
            "head": head,
            "threshold": threshold[kept],
            "false_positive": x[kept],
            "true_positive": y[kept],
        }
    )


def predecessor_ranks(layer: AnyLayer, counts: Counts, token: int, *, k: int = 20) -> pd.DataFrame:
    """The most frequent observed predecessors of a token, with their rank by T^ee in every head.

    Columns: token_id, count (of the pair), and head_0 … head_{H−1}: the rank among all V past
    tokens, from 1.

    Raises: InputError for a token that the model does not have.
    """
    token = layer.token_id(token)
    past, weight = counts.row(token)
    chosen = np.lexsort((past, -weight))[:k]
    scores = affinity_scores(layer, token).cpu().numpy()  # (H, V)
    ordered = np.sort(scores, axis=1)
    columns = {"token_id": past[chosen], "count": weight[chosen]}
    for head, (row, values) in enumerate(zip(scores, ordered, strict=True)):
        higher = len(row) - np.searchsorted(values, row[past[chosen]], side="right")
        columns[f"head_{head}"] = 1 + higher
    return pd.DataFrame(columns)
