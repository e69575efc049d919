"""The tables of the terms of a text: six, or those that a rotary model has.

Values are scaled throughout: divided by the layer's scale, as softmax takes them.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.model.any_layer import AnyLayer
from detok.scores.decomposition import AnyTerms
from detok.scores.mean_contributions import MeanContributions
from detok.scores.pair import Pair
from detok.scores.positions import ROUNDING
from detok.tables.common import array, cells, long
from detok.tables.text import labels, pairs_of, visible as visible_in

NAMES = {
    "ee": "ee · token i, token j",
    "ee_shared": "ee shared · token j",
    "ee_specific": "ee specific · token i, token j",
    "pp": "pp · position i, position j",
    "ep": "ep · token i, position j",
    "pe": "pe · position i, token j",
    "e": "e · token j",
    "p": "p · position j",
    "be": "be · query bias, token j",
    "eb": "eb · token i, key bias",
    "bb": "bb · both biases",
}
SUM = "sum · the model's score"
# Contributions below this are left out of a drawing on a log scale: float64's rounding is next.
FLOOR = 1e-6
MAX_DRAWN = 3000  # positions × heads drawn, for each term


def maps(layer: AnyLayer, ids: list[int], terms: AnyTerms, window: range) -> pd.DataFrame:
    """The terms and their sum for one head, for all j that i sees in a window of the text.

    As `square`, of what the model itself sees, and without the column visible.
    """
    seen = visible_in(layer, len(ids))
    pairs, values = _square(layer, ids, terms, window, seen, seen)
    return pd.DataFrame(pairs | values)


def square(
    layer: AnyLayer, ids: list[int], terms: AnyTerms, window: range, visible: np.ndarray
) -> pd.DataFrame:
    """The terms and their sum for one head, for all pairs in a window of the text.

    `visible` is (n, n), True where i sees j. `terms` have that head only; those of `split_ee` have
    two parts in the place of ee, and of a term that is the whole score there is no sum. Columns:
    panel (in display order), term ("sum" for the sum), i, j, token_id_i, token_id_j, current, past
    (labels), visible, value, and centred: the value less its mean over what i sees of the text,
    which is all that softmax sees of it without a cap (0 where it is less than float32's rounding).
    """
    pairs, values = _square(layer, ids, terms, window, visible, np.ones_like(visible))
    return pd.DataFrame(pairs | {"visible": visible[pairs["i"], pairs["j"]]} | values)


def _square(
    layer: AnyLayer,
    ids: list[int],
    terms: AnyTerms,
    window: range,
    visible: np.ndarray,
    shown: np.ndarray,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The columns of `square` before visible and after it, of the pairs `shown`, (n, n)."""
    start, stop = window.start, window.stop
    parts = {name: terms.matrix(name).expand_as(terms.ee) for name in terms.names}
    if len(parts) > 1:
        parts["sum"] = terms.total
    rows = np.stack([array(part[0, start:stop]) for part in parts.values()])  # (parts, rows, n)
    rows /= terms.scale
    counted = visible[start:stop]  # (rows, n)
    mean = (rows * counted).sum(axis=2) / counted.sum(axis=1)  # (parts, rows)
    value = rows[:, :, start:stop]  # (parts, rows, rows)
    centred = value - mean[:, :, None]
    centred[np.abs(centred) <= ROUNDING * np.abs(value)] = 0
    inside = np.broadcast_to(shown[start:stop, start:stop], value.shape)
    columns = cells({"term": parts, "i": window, "j": window}, inside)
    panels = {"panel": np.array([NAMES.get(name, SUM) for name in parts])[inside.nonzero()[0]]}
    pairs = panels | columns | pairs_of(layer, ids, columns)
    return pairs, {"value": value[inside], "centred": centred[inside]}


def spreads(maps: pd.DataFrame) -> pd.Series:
    """The spread of each term of `maps` along the rows, the largest first, by its name."""
    spread = maps.groupby("term")["centred"].std(ddof=0).drop("sum", errors="ignore")
    return spread.sort_values(ascending=False)


def per_position(layer: AnyLayer, ids: list[int], values: torch.Tensor) -> pd.DataFrame:
    """Contributions (terms, H, n) of a text in nats, long.

    Columns: head, i, token_id, token (label), term, nats.
    """
    table = _by_term_head_and_position(layer.term_names, nats=values)
    i = table["i"].to_numpy()
    table = table.assign(token_id=np.array(ids)[i], token=labels(layer, ids)[i])
    return table[["head", "i", "token_id", "token", "term", "nats"]]


def averaged(mean: MeanContributions) -> pd.DataFrame:
    """Mean contributions over texts in nats, long.

    Columns: head, i, term, nats (the mean), low, high (of its 95 % interval), texts.
    """
    table = _by_term_head_and_position(mean.names, nats=mean.mean, low=mean.low, high=mean.high)
    table = table.assign(texts=mean.n.numpy()[table["i"].to_numpy()])
    return table[["head", "i", "term", "nats", "low", "high", "texts"]]


def _by_term_head_and_position(names: tuple[str, ...], **values: torch.Tensor) -> pd.DataFrame:
    _, H, n = next(iter(values.values())).shape
    axes = {"term": names, "head": range(H), "i": range(n)}
    return long(axes, **{name: array(tensor) for name, tensor in values.items()})


@dataclass(frozen=True)
class Drawn:
    """What of contributions fits a log scale and a browser, and how much is left out of it."""

    table: pd.DataFrame
    step: int  # one in so many positions
    n_low: int  # values that are FLOOR at most, but for position 0 where it sees only itself
    n_values: int  # values but for those
    is_causal: bool


def drawn(table: pd.DataFrame, is_causal: bool = True) -> Drawn:
    """Every n-th position, above FLOOR, of contributions."""
    step = thinning(table)
    part = table[(table["i"] % step == 0) & (table["nats"] > FLOOR)]
    if "low" in part:
        part = part.assign(low=part["low"].clip(lower=FLOOR))
    counted = table.loc[table["i"] > 0, "nats"] if is_causal else table["nats"]
    return Drawn(part, step, int((counted <= FLOOR).sum()), len(counted), is_causal)


def thinning(table: pd.DataFrame) -> int:
    """One in how many positions is drawn."""
    return -(-table["i"].nunique() * table["head"].nunique() // MAX_DRAWN) or 1


def ranking(table: pd.DataFrame) -> pd.DataFrame:
    """The terms of each head by their mean contribution over the positions, largest first.

    Columns: head, rank, term, nats, tied (whether another term of the head has the same, or both
    are FLOOR at most).
    """
    means = table.groupby(["head", "term"], as_index=False)["nats"].mean()
    means = means.sort_values(["head", "nats"], ascending=[True, False], ignore_index=True)
    means.insert(1, "rank", means.groupby("head").cumcount() + 1)
    told = means["nats"].where(means["nats"] > FLOOR, 0.0)
    return means.assign(tied=told.groupby([means["head"], told]).transform("size") > 1)


def places(ranks: pd.DataFrame) -> pd.DataFrame:
    """How often each term alone has each place in `ranking`.

    Columns: rank, term, heads (most first).
    """
    alone = ranks[~ranks["tied"]]
    counted = Counter(zip(alone["rank"], alone["term"], strict=True)).most_common()
    rows = [(*place, heads) for place, heads in counted]
    return pd.DataFrame(rows, columns=["rank", "term", "heads"])


def waterfall(layer: AnyLayer, ids: list[int], pair: Pair) -> pd.DataFrame:
    """The bars that add up to the score of a pair, and to that of the row's runner-up.

    Columns: which (token j), rival (whether it is the runner-up), head, i, j, token_id_i,
    token_id_j, order, part (a term, or "score"), value, start, end.
    """
    shown = labels(layer, ids)
    columns = ["which", "rival", "head", "i", "j", "token_id_i", "token_id_j"]
    columns += ["order", "part", "value", "start", "end"]
    rows = []
    for score in filter(None, (pair.chosen, pair.runner_up)):
        bars = zip([*score.parts, "score"], [*score.parts.values(), score.total], strict=True)
        of_pair = (pair.head, pair.i, score.j, ids[pair.i], ids[score.j])
        begin = 0.0
        for order, (part, value) in enumerate(bars):
            start = 0.0 if part == "score" else begin
            begin = start + value
            rows.append(
                (
                    shown[score.j],
                    score is pair.runner_up,
                    *of_pair,
                    order,
                    part,
                    value,
                    start,
                    begin,
                )
            )
    return pd.DataFrame(rows, columns=columns)
