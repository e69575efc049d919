"""The tables of two heads, of one model or two, side by side."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from detok.model.any_layer import AnyLayer
from detok.model.tokens.show import show
from detok.scores.compare import Shared, divergence, merged
from detok.scores.contributions import ablate
from detok.scores.decomposition import terms
from detok.scores.positions import ROUNDING
from detok.tables.common import array, long
from detok.tables.text import labels, visible

ATTENTION, RANK, SUM = "attention", "rank", "score"
ROW_SHOWN = 12  # tokens j compared
# From here on the difference of two maps is the wider one's own: their correlation is 0.94 at
# least, whatever the other is.
FAR_WIDER = 3


class Side(NamedTuple):
    """One of the two heads."""

    name: str  # "left" or "right"
    layer: AnyLayer
    head: int


@dataclass(frozen=True, eq=False)
class Maps:
    """What two heads have for every pair of tokens of a text; NaN where a token is not seen.

    Terms and their sum are scaled and less their row's mean.
    """

    what: str  # one of `quantities`
    left: np.ndarray  # (n, n)
    right: np.ndarray
    left_labels: np.ndarray  # (n,)
    right_labels: np.ndarray
    ids: dict[str, list[int]]  # the tokens of "left" and "right"; none of stretches
    has_same_cells: bool  # else the two are of different tokens, and have no difference
    is_merged: bool  # of stretches of tokens, not of tokens

    @property
    def n(self) -> int:
        """How many rows the larger of the two has."""
        return max(len(self.left), len(self.right))

    @property
    def difference(self) -> np.ndarray:
        """Right less left, (n, n)."""
        return self.right - self.left

    def seen(self, i: int) -> range:
        """The tokens j that row i has."""
        first, last = np.flatnonzero(np.isfinite(self.left[i]))[[0, -1]].tolist()
        return range(first, last + 1)

    @property
    def spreads(self) -> tuple[float, float]:
        """The standard deviation over the cells, of left and right."""
        return float(np.nanstd(self.left)), float(np.nanstd(self.right))


def quantities(left: Side, right: Side) -> tuple[str, ...]:
    """What a map can show: attention, each token's rank in its row by it, the score, its terms.

    Only terms that both models have are compared.
    """
    theirs = right.layer.term_names
    return ATTENTION, RANK, SUM, *(name for name in left.layer.term_names if name in theirs)


def maps(left: Side, right: Side, shared: Shared, text: str, what: str) -> Maps:
    """What two heads have for the pairs of a text's tokens; `text` is what was split.

    Where the two models split it differently, attention is `merged`, and all else is of each
    model's own tokens. Where one of two models sees less, by a mask or a window, its attention is 0
    there, and all else is of what both see.
    """
    sides = (left, shared.left), (right, shared.right)
    seen = [visible(side.layer, len(ids)) for side, ids in sides]  # (n, n) each
    names = [labels(side.layer, ids) for side, ids in sides]
    is_merged = what == ATTENTION and not shared.is_one_to_one
    if what == ATTENTION:
        found = [_attention(side, ids) for side, ids in sides]
        if is_merged:
            at = shared.left_at, shared.right_at
            found = [merged(attention, places) for attention, places in zip(found, at, strict=True)]
            seen = [
                merged(own.astype(float), places) > 0 for own, places in zip(seen, at, strict=True)
            ]
            names = [_stretches(shared, text)] * 2
        found = [np.where(seen[0] | seen[1], attention, np.nan) for attention in found]
    else:
        if shared.is_one_to_one:
            seen = [seen[0] & seen[1]] * 2
        found = [
            _values(side, ids, what, own) for (side, ids), own in zip(sides, seen, strict=True)
        ]
    of = {} if is_merged else {side.name: ids for side, ids in sides}
    return Maps(what, *found, *names, of, is_merged or shared.is_one_to_one, is_merged)


def _attention(side: Side, ids: list[int]) -> np.ndarray:
    """The head's own attention, (n, n)."""
    return array(ablate(terms(side.layer, ids, heads=side.head), []).full[0])


def _values(side: Side, ids: list[int], what: str, seen: np.ndarray) -> np.ndarray:
    """A term, the sum or the rank by it of the tokens j that are `seen`, (n, n); NaN elsewhere."""
    found = terms(side.layer, ids, heads=side.head)
    part = found.total if what in (SUM, RANK) else found.matrix(what)
    values = np.where(seen, array(part.expand_as(found.ee)[0]) / found.scale, np.nan)
    if what == RANK:
        # Imported here: only this needs it.
        from scipy.stats import rankdata

        # What is not seen comes last.
        ranks = rankdata(np.where(seen, -values, np.inf), method="min", axis=1)
        return np.where(seen, ranks, np.nan)
    centred = values - np.nanmean(values, axis=1, keepdims=True)
    centred[np.abs(centred) <= ROUNDING * np.abs(values)] = 0
    return centred


def _stretches(shared: Shared, text: str) -> np.ndarray:
    """The stretches of a text with their places, (stretches,)."""
    starts = [0, *shared.ends[:-1]]
    shown = [
        f"{n} {show(text[start:end].encode())}"
        for n, (start, end) in enumerate(zip(starts, shared.ends, strict=True))
    ]
    return np.array(shown, dtype=object)


def cells(maps: Maps, start: int, width: int) -> list[pd.DataFrame]:
    """The cells of a window of the text as tables for drawing: one of both, or one of each.

    Columns: i, j, current, past (labels), left and right; with the same cells also difference. Of
    tokens also left_token_i, left_token_j, right_token_i and right_token_j, their ids.
    """
    if maps.has_same_cells:
        values = {"left": maps.left, "right": maps.right, "difference": maps.difference}
        return [_window(maps.left_labels, values, maps.ids, start, width)]
    sides = ("left", maps.left_labels, maps.left), ("right", maps.right_labels, maps.right)
    return [
        _window(names, {side: values}, {side: maps.ids[side]}, start, width)
        for side, names, values in sides
    ]


def _window(
    names: np.ndarray,
    values: dict[str, np.ndarray],
    ids: dict[str, list[int]],
    start: int,
    width: int,
) -> pd.DataFrame:
    """The cells from `start` on, or the last ones of a text that ends before."""
    start = max(0, min(start, len(names) - width))
    places = range(start, min(start + width, len(names)))
    inside = slice(places.start, places.stop)
    table = long(
        {"i": places, "j": places},
        **{name: matrix[inside, inside] for name, matrix in values.items()},
    ).dropna(ignore_index=True)
    i, j = table["i"].to_numpy(), table["j"].to_numpy()
    table.insert(2, "current", names[i])
    table.insert(3, "past", names[j])
    for side, tokens in ids.items():
        table[f"{side}_token_i"], table[f"{side}_token_j"] = np.array(tokens)[[i, j]]
    return table


def extent(tables: list[pd.DataFrame]) -> float:
    """The largest size of what `cells` has on either side, but for a row that has one cell."""
    sizes = [0.0]
    for table in tables:
        several = table.groupby("i")["j"].transform("size") > 1
        both = table.loc[several, table.columns.intersection(["left", "right"])]
        sizes.append(float(both.abs().to_numpy().max(initial=0.0)))
    return max(sizes)


@dataclass(frozen=True)
class Cell:
    """What two maps have in one cell."""

    i: int
    j: int
    current: str
    past: str
    left: float
    right: float
    is_largest: bool  # whether no other cell differs more

    @property
    def difference(self) -> float:
        """Right less left."""
        return self.right - self.left


def cell(maps: Maps, i: int, j: int) -> Cell:
    """What two maps with the same cells have in one of them; NaN where i does not see j."""
    size = np.abs(maps.difference)
    names = maps.left_labels
    return Cell(
        i=i,
        j=j,
        current=names[i],
        past=names[j],
        left=float(maps.left[i, j]),
        right=float(maps.right[i, j]),
        is_largest=bool(size[i, j] == np.nanmax(size)),
    )


def largest(maps: Maps) -> tuple[int, int] | None:
    """The first cell, (i, j), with the largest difference; None if all are but rounding."""
    size = np.abs(maps.difference)
    i, j = (int(n) for n in np.unravel_index(int(np.nanargmax(size)), size.shape))
    either = max(np.nanmax(np.abs(maps.left)), np.nanmax(np.abs(maps.right)))
    return None if size[i, j] <= ROUNDING * either else (i, j)


def largest_in_row(maps: Maps, i: int) -> int:
    """The first j with the largest difference in row i."""
    return int(np.nanargmax(np.abs(maps.difference[i])))


@dataclass(frozen=True)
class Apart:
    """How far apart the attention of two heads is, by `divergence` in nats."""

    i: int
    at_i: float
    mean: float  # over the rows, of several without row 0 where that sees only itself
    without_first: bool
    largest: float
    largest_at: int


def divergences(attention: Maps) -> np.ndarray:
    """The `divergence` of each row of two attentions in nats, (n,)."""
    return divergence(np.nan_to_num(attention.left), np.nan_to_num(attention.right))


def apart(nats: np.ndarray, i: int, is_causal: bool) -> Apart:
    """`divergences` in numbers, and that of row i; `is_causal` says that row 0 sees only itself."""
    without_first = is_causal and len(nats) > 1
    return Apart(
        i=i,
        at_i=float(nats[i]),
        mean=float(nats[without_first:].mean()),
        without_first=without_first,
        largest=float(nats.max()),
        largest_at=int(nats.argmax()),
    )


def row(attention: Maps, i: int) -> pd.DataFrame:
    """The tokens of row i that get most attention on either side.

    Columns: j, past (label), token_id (unless of stretches), side ("left" or "right"), weight.
    """
    weights = {"left": attention.left[i], "right": attention.right[i]}
    most = np.nan_to_num(np.maximum(*weights.values()), nan=-1.0)
    n_seen = int((most >= 0).sum())
    best = np.sort(np.argsort(-most, kind="stable")[: min(ROW_SHOWN, n_seen)])
    parts = []
    for side, values in weights.items():
        columns = {"j": best, "past": attention.left_labels[best]}
        if attention.ids:
            columns["token_id"] = np.array(attention.ids[side])[best]
        parts.append(pd.DataFrame(columns | {"side": side, "weight": values[best]}))
    return pd.concat(parts, ignore_index=True)
