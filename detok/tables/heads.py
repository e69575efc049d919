"""The tables of detokenizing heads."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import Auroc, Convention, auroc
from detok.heads.curves import predecessor_ranks, roc_curves
from detok.heads.summary import auroc_by_kind
from detok.model.layer import Layer

N_EXTREMES = 15  # tokens at either end
EXTREMES = ["end", "token_id", "shown", "kind", "area", "predecessors", "occurrences", "joined"]


def by_kind(found: Auroc, kinds: np.ndarray, convention: Convention) -> pd.DataFrame:
    """`auroc_by_kind` with a label: the kind and its number of tokens."""
    table = auroc_by_kind(found, kinds, convention)
    label = [f"{kind} ({n:,})" for kind, n in zip(table["kind"], table["n"], strict=True)]
    return table.assign(label=label)


def extremes(
    layer: Layer, found: Auroc, counts: Counts, kinds: np.ndarray, head: int, least: int
) -> pd.DataFrame:
    """The tokens on which a head does best, and worst, among those with enough predecessors.

    `least` is the number of different predecessors, `kinds` (V,) those of all tokens. Columns: end
    (best or worst), token_id, shown, kind, area, predecessors, occurrences, joined (its most
    frequent predecessor + the token).
    """
    area = found.area[head]
    enough = np.flatnonzero(~np.isnan(area) & (found.n_past >= least))
    order = enough[np.argsort(-area[enough], kind="stable")]
    n = min(N_EXTREMES, (len(order) + 1) // 2)
    chosen = {"best": order[:n], "worst": order[::-1][: min(n, len(order) - n)]}
    show = layer.tokenizer.show
    rows = []
    for end, columns in chosen.items():
        for column in columns:
            token = int(found.tokens[column])
            past, weight = counts.row(token)
            often = int(past[weight.argmax()])
            rows.append(
                {
                    "end": end,
                    "token_id": token,
                    "shown": show(token),
                    "kind": kinds[token],
                    "area": area[column],
                    "predecessors": int(found.n_past[column]),
                    "occurrences": int(counts.tokens[token]),
                    "joined": show(often, token),
                }
            )
    return pd.DataFrame(rows, columns=EXTREMES)


def token_curves(layer: Layer, counts: Counts, token: int) -> pd.DataFrame:
    """`roc_curves` of one token with the area of each head, and a label that names both."""
    curves = roc_curves(layer, counts, token)
    area = auroc(layer, counts, [token]).area[:, 0]  # (H,)
    label = [f"{head} · {area[head]:.3f}" for head in curves["head"]]
    return curves.assign(area=area[curves["head"]], label=label)


def predecessors(layer: Layer, counts: Counts, token: int, k: int) -> pd.DataFrame:
    """`predecessor_ranks` with the tokens made visible: adds shown and joined_shown."""
    table = predecessor_ranks(layer, counts, token, k)
    show = layer.tokenizer.show
    table.insert(1, "shown", [show(t) for t in table["token_id"]])
    table.insert(2, "joined_shown", [show(t, token) for t in table["token_id"]])
    return table
