"""The tokens that two heads, of one model or two, bind most to one token."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from detok.model.any_layer import AnyLayer
from detok.scores.affinity import Side as Direction, affinity, affinity_scores
from detok.scores.compare import share_vocabulary
from detok.tables.common import array
from detok.tables.compare import Side


def tokens_in_both(left: AnyLayer, right: AnyLayer) -> np.ndarray:
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
            "other_id": there[ids],
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

    Columns: shown, left_id, right_id (of the token in either vocabulary), left, right (ranks),
    where ("both", "left" or "right").
    """
    columns = ["token_id", "other_id", "rank", "other_rank"]
    names = ["left_id", "right_id", "left", "right"]
    left = lists.left.rename(columns=dict(zip(columns, names, strict=True)))
    names = ["right_id", "left_id", "right", "left"]
    right = lists.right.rename(columns=dict(zip(columns, names, strict=True)))
    left = left.assign(where=np.where(left["in_both"], "both", "left"))
    right = right[~right["in_both"]].assign(where="right")
    table = pd.concat([left, right], ignore_index=True)
    columns = ["shown", "left_id", "right_id", "left", "right", "where"]
    return table[columns].dropna(ignore_index=True)
