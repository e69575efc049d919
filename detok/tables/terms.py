"""The tables of the six terms of a text.

Values are divided by √d' throughout, as softmax takes them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer
from detok.scores.contributions import Ablation
from detok.scores.decomposition import TERMS, Terms
from detok.scores.mean_contributions import MeanContributions
from detok.scores.pair import Pair
from detok.tables.common import array, long

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
    parts = [*(terms.matrix(name).expand_as(terms.ee) for name in TERMS), terms.total]
    rows = np.stack([array(part[0, start:stop, :stop]) for part in parts])  # (7, rows, stop)
    rows /= terms.scale
    causal = np.tri(len(window), stop, start)  # (rows, stop), 1 where j ≤ i
    mean = (rows * causal).sum(axis=2) / causal.sum(axis=1)  # (7, rows)
    axes = {"term": [*TERMS, "sum"], "i": window, "j": window}
    value = rows[:, :, start:]  # (7, rows, rows)
    table = _past(long(axes, value=value, centred=value - mean[:, :, None])).round(4)
    return pd.DataFrame(
        {
            "panel": [NAMES.get(name, SUM) for name in table["term"]],
            **table[["term", "i", "j"]],
            **_tokens(layer, ids, table),
            **table[["value", "centred"]],
        }
    )


def _past(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of a window that attention can see."""
    return table[table["j"] <= table["i"]].reset_index(drop=True)


def _tokens(layer: Layer, ids: list[int], table: pd.DataFrame) -> dict[str, np.ndarray]:
    """What stands at i and j of each row."""
    shown, tokens = labels(layer, ids), np.array(ids)
    i, j = table["i"].to_numpy(), table["j"].to_numpy()
    return {
        "token_id_i": tokens[i],
        "token_id_j": tokens[j],
        "current": shown[i],
        "past": shown[j],
    }


def spreads(maps: pd.DataFrame) -> pd.Series:
    """The spread of each term of `maps` along the rows, the largest first, by its name."""
    spread = maps.groupby("term")["centred"].std(ddof=0).drop("sum")
    return spread.sort_values(ascending=False)


def per_position(layer: Layer, ids: list[int], values: torch.Tensor) -> pd.DataFrame:
    """Contributions (6, H, n) of a text in nats, long.

    Columns: head, i, token_id, token (label), term, nats.
    """
    table = _by_term_head_and_position(nats=values)
    i = table["i"].to_numpy()
    table = table.assign(token_id=np.array(ids)[i], token=labels(layer, ids)[i])
    return table[["head", "i", "token_id", "token", "term", "nats"]]


def averaged(mean: MeanContributions) -> pd.DataFrame:
    """Mean contributions over texts in nats, long.

    Columns: head, i, term, nats (the mean), low, high (of its 95 % interval), texts.
    """
    table = _by_term_head_and_position(nats=mean.mean, low=mean.low, high=mean.high)
    table = table.assign(texts=mean.n.numpy()[table["i"].to_numpy()])
    return table[["head", "i", "term", "nats", "low", "high", "texts"]]


def _by_term_head_and_position(**values: torch.Tensor) -> pd.DataFrame:
    _, H, n = next(iter(values.values())).shape
    axes = {"term": TERMS, "head": range(H), "i": range(n)}
    return long(axes, **{name: array(tensor) for name, tensor in values.items()})


@dataclass(frozen=True)
class Drawn:
    """What of contributions fits a log scale and a browser, and how much is left out of it."""

    table: pd.DataFrame
    step: int  # one in so many positions
    n_low: int  # values that are FLOOR at most, at all positions but 0, where all are 0
    n_values: int  # values at these positions


def drawn(table: pd.DataFrame) -> Drawn:
    """Every n-th position, above FLOOR, of contributions."""
    step = thinning(table)
    part = table[(table["i"] % step == 0) & (table["nats"] > FLOOR)]
    if "low" in part:
        part = part.assign(low=part["low"].clip(lower=FLOOR))
    later = table.loc[table["i"] > 0, "nats"]
    return Drawn(part, step, int((later <= FLOOR).sum()), len(later))


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


def places(ranks: pd.DataFrame) -> pd.DataFrame:
    """How often each term has each place in `ranking`. Columns: rank, term, heads (most first)."""
    table = ranks.groupby(["rank", "term"], sort=False).size().reset_index(name="heads")
    return table.sort_values("heads", ascending=False, kind="stable", ignore_index=True)


def attention_map(
    layer: Layer, ids: list[int], ablation: Ablation, heads: list[int], window: range
) -> pd.DataFrame:
    """Attention weights for all j ≤ i in a window, for the heads that `ablation` has.

    Columns: head, i, j, token_id_i, token_id_j, current, past (labels), full, left.
    """
    inside = slice(window.start, window.stop)
    weights = {name: array(getattr(ablation, name))[:, inside, inside] for name in ("full", "left")}
    table = _past(long({"head": heads, "i": window, "j": window}, **weights)).round(5)
    tokens = _tokens(layer, ids, table)
    return pd.DataFrame({**table[["head", "i", "j"]], **tokens, **table[["full", "left"]]})


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


def row(layer: Layer, ids: list[int], ablation: Ablation, i: int) -> pd.DataFrame:
    """The past tokens of row i that get most attention with or without the dropped terms.

    Columns: j, past (label), attention ("full" or "left"), weight.
    """
    full, left = (array(m[0, i, : i + 1]) for m in (ablation.full, ablation.left))
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
