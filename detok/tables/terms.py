"""The tables of the six terms of a text, and the sentences that read them out.

Values are divided by √d' throughout, as softmax takes them.
"""

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer
from detok.scores.contributions import Ablation
from detok.scores.decomposition import TERMS, Terms
from detok.scores.over_texts import MeanContributions
from detok.scores.pair import Pair

NAMES = {
    "ee": "ee · token i, token j",
    "pp": "pp · position i, position j",
    "ep": "ep · token i, position j",
    "pe": "pe · position i, token j",
    "e": "e · token j",
    "p": "p · position j",
}
SUM = "sum · the model's score"
# Contributions below this are left out of a drawing on a log scale: float64's rounding is next.
FLOOR = 1e-6
MAX_DRAWN = 3000  # positions × heads drawn, for each term
ROW_SHOWN = 12  # past tokens compared when terms are dropped


def labels(layer: Layer, ids: list[int]) -> np.ndarray:
    """Each token with its place in the text, (n,): two equal tokens stay two."""
    return np.array([f"{t} {layer.tokenizer.show(i)}" for t, i in enumerate(ids)], dtype=object)


def maps(layer: Layer, ids: list[int], terms: Terms, window: range) -> pd.DataFrame:
    """The six terms and their sum for one head, for all j ≤ i in a window of the text.

    `terms` have that head only. Columns: panel (in display order), term ("sum" for the sum), i, j,
    token_id_i, token_id_j, current, past (labels), value, and centred: the value less its mean over
    the whole row, which is all that softmax sees.
    """
    start, stop = window.start, window.stop
    i, j = (t + start for t in np.tril_indices(len(window)))
    shown, tokens = labels(layer, ids), np.array(ids)
    causal = np.tri(len(window), stop, start)  # (rows, stop), 1 where j ≤ i
    parts = []
    for name in (*TERMS, "sum"):
        whole = terms.total if name == "sum" else terms.matrix(name).expand_as(terms.ee)
        rows = whole[0, start:stop, :stop].double().cpu().numpy() / terms.scale
        mean = (rows * causal).sum(axis=1) / causal.sum(axis=1)  # (rows,)
        value = rows[i - start, j]
        parts.append(
            pd.DataFrame(
                {
                    "panel": NAMES.get(name, SUM),
                    "term": name,
                    "i": i,
                    "j": j,
                    "token_id_i": tokens[i],
                    "token_id_j": tokens[j],
                    "current": shown[i],
                    "past": shown[j],
                    "value": value,
                    "centred": value - mean[i - start],
                }
            )
        )
    return pd.concat(parts, ignore_index=True).round({"value": 4, "centred": 4})


def per_position(layer: Layer, ids: list[int], values: torch.Tensor) -> pd.DataFrame:
    """Contributions (6, H, n) of a text in nats, long.

    Columns: head, i, token_id, token (label), term, nats.
    """
    t, head, i = (index.ravel() for index in np.indices(values.shape))
    return pd.DataFrame(
        {
            "head": head,
            "i": i,
            "token_id": np.array(ids)[i],
            "token": labels(layer, ids)[i],
            "term": np.array(TERMS)[t],
            "nats": values.numpy().ravel(),
        }
    )


def averaged(found: MeanContributions) -> pd.DataFrame:
    """Mean contributions over texts in nats, long.

    Columns: head, i, term, nats (the mean), low, high (of its 95 % interval), texts.
    """
    t, head, i = (index.ravel() for index in np.indices(found.mean.shape))
    return pd.DataFrame(
        {
            "head": head,
            "i": i,
            "term": np.array(TERMS)[t],
            "nats": found.mean.numpy().ravel(),
            "low": found.low.numpy().ravel(),
            "high": found.high.numpy().ravel(),
            "texts": found.n.numpy()[i],
        }
    )


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """What of contributions fits a log scale and a browser: every n-th position, above FLOOR."""
    step = thinning(table)
    part = table[(table["i"] % step == 0) & (table["nats"] > FLOOR)]
    return part.assign(low=part["low"].clip(lower=FLOOR)) if "low" in part else part


def thinning(table: pd.DataFrame) -> int:
    """One in how many positions is drawn."""
    return -(-table["i"].nunique() * table["head"].nunique() // MAX_DRAWN) or 1


def ranking(table: pd.DataFrame) -> pd.DataFrame:
    """The terms of each head by their mean contribution over the positions, largest first.

    Columns: head, rank, term, nats.
    """
    means = table.groupby(["head", "term"], as_index=False)["nats"].mean()
    means = means.sort_values(["head", "nats"], ascending=[True, False], ignore_index=True)
    means.insert(1, "rank", means.groupby("head").cumcount() + 1)
    return means


def attention_map(
    layer: Layer, ids: list[int], found: Ablation, heads: list[int], window: range
) -> pd.DataFrame:
    """Attention weights for all j ≤ i in a window, for the heads that `found` has.

    Columns: head, i, j, token_id_i, token_id_j, current, past (labels), full, left.
    """
    rows, columns = np.tril_indices(len(window))
    i, j = rows + window.start, columns + window.start
    shown, tokens = labels(layer, ids), np.array(ids)
    full, left = (m[:, i, j].cpu().numpy() for m in (found.full, found.left))  # (heads, cells)
    return pd.DataFrame(
        {
            "head": np.repeat(heads, len(i)),
            "i": np.tile(i, len(heads)),
            "j": np.tile(j, len(heads)),
            "token_id_i": np.tile(tokens[i], len(heads)),
            "token_id_j": np.tile(tokens[j], len(heads)),
            "current": np.tile(shown[i], len(heads)),
            "past": np.tile(shown[j], len(heads)),
            "full": full.ravel().round(5),
            "left": left.ravel().round(5),
        }
    )


def row(layer: Layer, ids: list[int], found: Ablation, i: int) -> pd.DataFrame:
    """The past tokens of row i that get most attention with or without the dropped terms.

    Columns: j, past (label), attention ("full" or "left"), weight.
    """
    full, left = (m[0, i, : i + 1].cpu().numpy() for m in (found.full, found.left))
    best = np.sort(np.argsort(-np.maximum(full, left), kind="stable")[:ROW_SHOWN])
    shown = labels(layer, ids)[best]
    parts = [
        pd.DataFrame({"j": best, "past": shown, "attention": name, "weight": weights[best]})
        for name, weights in (("full", full), ("left", left))
    ]
    return pd.concat(parts, ignore_index=True)


def waterfall(layer: Layer, ids: list[int], pair: Pair) -> pd.DataFrame:
    """The bars that add up to the score of a pair, and to that of the row's runner-up.

    Columns: which (the past token), head, i, j, token_id_i, token_id_j, order, part (a term, or
    "score"), value, start, end.
    """
    shown = labels(layer, ids)
    parts = []
    for score in filter(None, (pair.chosen, pair.runner_up)):
        values = np.array(list(score.parts.values()))
        ends = values.cumsum()
        parts.append(
            pd.DataFrame(
                {
                    "which": shown[score.j],
                    "head": pair.head,
                    "i": pair.i,
                    "j": score.j,
                    "token_id_i": ids[pair.i],
                    "token_id_j": ids[score.j],
                    "order": np.arange(len(TERMS) + 1),
                    "part": [*TERMS, "score"],
                    "value": [*values, score.total],
                    "start": [0.0, *ends[:-1], 0.0],
                    "end": [*ends, score.total],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
