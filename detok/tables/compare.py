"""The tables of two heads, of one model or two, side by side."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer
from detok.model.vocabulary import show
from detok.scores.affinity import Side as Direction, affinity, affinity_scores
from detok.scores.compare import Shared, divergence, merged, share_vocabulary
from detok.scores.contributions import ablate
from detok.scores.decomposition import TERMS, terms
from detok.scores.positions import ROUNDING, position_summary
from detok.tables.common import array, first, geometric_means, long
from detok.tables.text import labels

ATTENTION, RANK, SUM = "attention", "rank", "score"
# What a map can show: attention, each token's rank in its row by it, the score and its terms.
QUANTITIES = (ATTENTION, RANK, SUM, *TERMS)
ROW_SHOWN = 12  # tokens j compared
# From here on the difference of two maps is the wider one's own: their correlation is 0.94 at
# least, whatever the other is.
FAR_WIDER = 3


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two heads."""

    name: str  # "left" or "right"
    layer: Layer
    head: int


@dataclass(frozen=True, eq=False)
class Maps:
    """What two heads have for every pair of tokens of a text; NaN where a token is not seen.

    Terms and their sum are scaled and less their row's mean.
    """

    what: str  # one of QUANTITIES
    left: np.ndarray  # (n, n)
    right: np.ndarray
    left_labels: np.ndarray  # (n,)
    right_labels: np.ndarray
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

    def n_seen(self, i: int) -> int:
        """How many tokens j row i has, from 0 on."""
        return int(np.isfinite(self.left[i]).sum())

    @property
    def spreads(self) -> tuple[float, float]:
        """The standard deviation over the cells, of left and right."""
        return float(np.nanstd(self.left)), float(np.nanstd(self.right))


def maps(left: Side, right: Side, shared: Shared, text: str, what: str) -> Maps:
    """What two heads have for the pairs of a text's tokens; `text` is what was split.

    Where the two models split it differently, attention is `merged`, and all else is of each
    model's own tokens. Where one of two models has a mask, attention is 0 behind it, and all else
    is of what both see.
    """
    sides = (left, shared.left), (right, shared.right)
    masks = [side.layer.is_causal for side, _ in sides]
    names = [labels(side.layer, ids) for side, ids in sides]
    is_merged = what == ATTENTION and not shared.is_one_to_one
    if what == ATTENTION:
        found = [_attention(side, ids) for side, ids in sides]
        if is_merged:
            at = shared.left_at, shared.right_at
            found = [merged(attention, places) for attention, places in zip(found, at, strict=True)]
            names = [_stretches(shared, text)] * 2
        found = [np.where(_seen(len(m), all(masks)), m, np.nan) for m in found]
    else:
        if shared.is_one_to_one:
            masks = [any(masks)] * 2
        found = [
            _values(side, ids, what, _seen(len(ids), mask))
            for (side, ids), mask in zip(sides, masks, strict=True)
        ]
    return Maps(what, *found, *names, is_merged or shared.is_one_to_one, is_merged)


def _seen(n: int, is_causal: bool) -> np.ndarray:
    return np.tri(n, dtype=bool) if is_causal else np.ones((n, n), dtype=bool)


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

    Columns: i, j, current, past (labels), left and right; with the same cells also difference.
    """
    if maps.has_same_cells:
        values = {"left": maps.left, "right": maps.right, "difference": maps.difference}
        return [_window(maps.left_labels, values, start, width)]
    return [
        _window(maps.left_labels, {"left": maps.left}, start, width),
        _window(maps.right_labels, {"right": maps.right}, start, width),
    ]


def _window(
    names: np.ndarray, values: dict[str, np.ndarray], start: int, width: int
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

    Columns: j, past (label), side ("left" or "right"), weight.
    """
    weights = {"left": attention.left[i], "right": attention.right[i]}
    most = np.nan_to_num(np.maximum(*weights.values()), nan=-1.0)
    n_seen = int((most >= 0).sum())
    best = np.sort(np.argsort(-most, kind="stable")[: min(ROW_SHOWN, n_seen)])
    parts = [
        pd.DataFrame(
            {"j": best, "past": attention.left_labels[best], "side": side, "weight": values[best]}
        )
        for side, values in weights.items()
    ]
    return pd.concat(parts, ignore_index=True)


def tokens_in_both(left: Layer, right: Layer) -> np.ndarray:
    """For every token of the left the one of the right that stands for the same, (V,); else −1."""
    if share_vocabulary(left, right):
        common = np.arange(left.vocab_size)
        common[common >= right.vocab_size] = -1
        return common
    ids = {right.tokenizer.bytes_of(t): t for t in range(right.vocab_size)}
    ids.pop(b"", None)  # what no token has
    found = [ids.get(left.tokenizer.bytes_of(t), -1) for t in range(left.vocab_size)]
    # Two tokens of one text would both be that one: only the last is.
    last = {there: here for here, there in enumerate(found)}
    return np.array([there if last[there] == here else -1 for here, there in enumerate(found)])


@dataclass(frozen=True, eq=False)
class Lists:
    """The tokens that either head binds most to one token, and how far the two lists agree.

    Columns of each table: rank, token_id, shown, joined_shown, score (Tᵉᵉ, unscaled), other_rank
    (the token's rank in the other head, NaN if the other model has no such token), in_both.
    """

    left: pd.DataFrame
    right: pd.DataFrame
    n_in_both: int
    by_chance: float  # in both of two random lists as long
    n_common: int  # tokens in both vocabularies
    sizes: tuple[int, int]  # tokens in either
    correlation: float  # Spearman's, of the scores of the common tokens; NaN if one is constant


def lists(
    left: Side,
    right: Side,
    tokens: tuple[int, int],
    k: int,
    direction: Direction,
    common: np.ndarray,
) -> Lists:
    """The k best partners of a token in either head; `tokens` are its ids in the two models.

    `common` is of `tokens_in_both`.
    """
    sides = (left, right)
    scores = [
        array(affinity_scores(side.layer, token, heads=side.head, side=direction)[0])
        for side, token in zip(sides, tokens, strict=True)
    ]  # (V,) each
    here = np.flatnonzero(common >= 0)
    back = np.full(right.layer.vocab_size, -1)
    back[common[here]] = here
    tables = [
        _list(side, token, k, direction, scores[1 - n], (common, back)[n])
        for n, (side, token) in enumerate(zip(sides, tokens, strict=True))
    ]
    length = [len(table) for table in tables]
    for n, table in enumerate(tables):
        table["in_both"] = table["other_rank"] <= length[1 - n]
    pair = np.stack([scores[0][here], scores[1][common[here]]])
    pair = pair[:, np.isfinite(pair).all(axis=0)]
    sizes = tuple(int(np.isfinite(s).sum()) for s in scores)
    return Lists(
        left=tables[0],
        right=tables[1],
        n_in_both=int(tables[0]["in_both"].sum()),
        by_chance=pair.shape[1] * length[0] / sizes[0] * length[1] / sizes[1],
        n_common=pair.shape[1],
        sizes=sizes,
        correlation=_spearman(*pair),
    )


def _list(
    side: Side, token: int, k: int, direction: Direction, other: np.ndarray, there: np.ndarray
) -> pd.DataFrame:
    """One of `lists`: `other` are the scores of the other head, `there` where it has each token."""
    vocabulary = side.layer.tokenizer
    best = affinity(side.layer, token, heads=side.head, k=k, side=direction)
    ids = best["token_id"].to_numpy()
    pairs = [(t, token) if direction == "past" else (token, t) for t in ids]
    ranks = [
        1.0 + (other > other[there[t]]).sum() if there[t] >= 0 else np.nan for t in ids.tolist()
    ]
    return pd.DataFrame(
        {
            "rank": best["rank"],
            "token_id": ids,
            "shown": [vocabulary.show(t) for t in ids],
            "joined_shown": [vocabulary.show(*pair) for pair in pairs],
            "score": best["score"],
            "other_rank": ranks,
        }
    )


def _spearman(left: np.ndarray, right: np.ndarray) -> float:
    """Spearman's correlation; NaN of fewer than two values, or of equal ones."""
    # Imported here: only this needs it.
    from scipy.stats import rankdata

    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return np.nan
    return float(np.corrcoef(rankdata(left), rankdata(right))[0, 1])


def listed(lists: Lists) -> pd.DataFrame:
    """All tokens of `lists` that both models have, by their ranks in either head.

    Columns: shown, left, right (ranks), where ("both", "left" or "right").
    """
    left = lists.left.rename(columns={"rank": "left", "other_rank": "right"})
    right = lists.right.rename(columns={"rank": "right", "other_rank": "left"})
    left = left.assign(where=np.where(left["in_both"], "both", "left"))
    right = right[~right["in_both"]].assign(where="right")
    table = pd.concat([left, right], ignore_index=True)
    return table[["shown", "left", "right", "where"]].dropna(ignore_index=True)


# How the measures of heads are called.
MEASURES = {
    "rank": "Previous piece",
    "pair_auroc": "Pair AUROC",
    "first_3": "In first 3",
    "near": "Nearest 5",
    "first": "Position 0",
    **{name: f"{name} (nats)" for name in TERMS},
}


def heads(
    layer: Layer,
    i: int,
    pairs: pd.DataFrame | None = None,
    nats: torch.Tensor | None = None,
    ranks: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What is known of each head, a row a head; the columns are of MEASURES, after head.

    near and first are attention of position i by position alone; `pairs` is `tables.heads.pairs`,
    `nats` (6, H, n) the contributions in a text, of which the mean over the positions is given, and
    `ranks` is `typical_ranks` of a word.
    """
    summary = position_summary(layer, i)
    reach = "last" if layer.is_causal else "nearest"
    columns: dict[str, np.ndarray] = {"head": np.arange(layer.n_heads)}
    if ranks is not None:
        columns["rank"] = ranks.sort_values("head")["rank"].to_numpy()
    if pairs is not None:
        columns["pair_auroc"] = pairs["mean"].to_numpy()
        columns["first_3"] = pairs["first_3"].to_numpy()
    columns["near"] = summary[f"mass_{reach}_5_at_{i}"].to_numpy()
    columns["first"] = summary[f"mass_first_at_{i}"].to_numpy()
    if nats is not None:
        columns |= dict(zip(TERMS, array(nats.mean(dim=2)), strict=True))
    return pd.DataFrame(columns)


def typical_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """`tables.affinity.piece_ranks` by head. Columns: head, rank (geometric mean), n (pairs)."""
    return geometric_means(ranks)


def best_heads(typical: pd.DataFrame) -> pd.DataFrame:
    """The rows of `typical_ranks` with the smallest rank."""
    return first(typical, "rank", largest=False)


def measured(left: Side, right: Side, tables: list[pd.DataFrame], measure: str) -> pd.DataFrame:
    """One measure of all heads of both models, a row a head, without those that have none.

    `tables` are of `heads`, one if both sides are of one model. Columns: model, head, value, chosen
    ("left", "right", "both" or "neither").
    """
    sides = (left, right)[: len(tables)]
    parts = []
    for side, table in zip(sides, tables, strict=True):
        of_one = len(tables) == 1
        model = side.layer.name if of_one else f"{side.name}: {side.layer.name}"
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "head": table["head"],
                    "value": table[measure],
                    "chosen": chosen(left, right, side, table["head"]),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).dropna(ignore_index=True)


def chosen(left: Side, right: Side, of: Side, heads: pd.Series) -> np.ndarray:
    """Which sides have chosen each head of a model: "left", "right", "both" or "neither"."""
    of_left = (heads == left.head).to_numpy() & (of.layer is left.layer)
    of_right = (heads == right.head).to_numpy() & (of.layer is right.layer)
    return np.select(
        [of_left & of_right, of_left, of_right], ["both", "left", "right"], default="neither"
    )


def marked(left: Side, right: Side, of: Side, table: pd.DataFrame) -> pd.DataFrame:
    """A table of `heads` with the column chosen after head: "left", "right", "both" or empty."""
    sides = chosen(left, right, of, table["head"])
    return pd.concat(
        [
            table[["head"]],
            pd.DataFrame({"chosen": np.where(sides == "neither", "", sides)}),
            table.drop(columns="head"),
        ],
        axis=1,
    )
