"""The tables of what the six terms of the first layer do to the loss."""

import numpy as np
import pandas as pd

from detok.model.layer import Layer
from detok.scores.decomposition import TERMS, terms
from detok.tables.common import array, cells, first, long
from detok.tables.text import pairs_of, visible
from detok.whole.attribution import TermAttribution, finite_differences
from detok.whole.reversed import gradient_of_scores
from detok.whole.run import Run

SUM = "sum"
# So much of a term is added and taken away to try what it does. Of less, the rounding of a loss in
# float32 would be most of what is seen; of more, the curvature of the loss.
EPSILON = 0.03
MOST = 10  # pairs shown


def by_head(found: TermAttribution) -> pd.DataFrame:
    """The attribution of the six terms of every head, long.

    Columns: head, order, term, attribution (nats for each unit of ε), total (of the head).
    """
    values = array(found.by_term)  # (H, 6)
    table = long({"head": range(len(values)), "order": range(len(TERMS))}, attribution=values)
    table.insert(2, "term", np.array(TERMS)[table["order"]])
    return table.assign(total=array(found.total)[table["head"]])


def over_heads(by_head: pd.DataFrame) -> pd.Series:
    """The attribution of each term scaled up in all heads at once, by its name."""
    return by_head.groupby("term")["attribution"].sum().reindex(list(TERMS))


def largest(by_head: pd.DataFrame) -> pd.DataFrame:
    """The term and head with the largest |attribution|: several rows where they tie.

    Another column, mean: that of |attribution| over all terms and heads.
    """
    sizes = by_head.assign(size=by_head["attribution"].abs())
    return first(sizes, "size").assign(mean=sizes["size"].mean())


def of_head(by_head: pd.DataFrame, head: int) -> pd.DataFrame:
    """Six bars that add up to the attribution of all scores of a head, and the bar of that.

    Columns: order, part (a term, or "sum"), value, start, end.
    """
    rows = by_head[by_head["head"] == head]
    values, ends = rows["attribution"].to_numpy(), rows["attribution"].cumsum().to_numpy()
    total = rows["total"].iloc[0]
    return pd.DataFrame(
        {
            "order": range(len(TERMS) + 1),
            "part": [*rows["term"], SUM],
            "value": [*values, total],
            "start": [0.0, *ends[:-1], 0.0],
            "end": [*ends, total],
        }
    )


def cancelled(of_head: pd.DataFrame) -> float:
    """How much of the six bars cancels: 1 − |Σ| / Σ| |; 0 where all are 0."""
    values = of_head.loc[of_head["part"] != SUM, "value"]
    whole = values.abs().sum()
    return float(1 - abs(values.sum()) / whole) if whole else 0.0


def tried(of_head: pd.DataFrame, run: Run, layer: Layer, head: int) -> pd.DataFrame:
    """The same with a finite difference for each term, in two forward passes each.

    Columns: those of `of_head`, tried (NaN for the sum), difference (its distance from the
    attribution), relative (that over the |attribution|; NaN where this is 0), of_largest (that
    over the largest |attribution| of the six).
    """
    found = finite_differences(run, layer, head, EPSILON).tolist()
    table = of_head.assign(tried=[*found, np.nan])
    size = table["value"].abs().where(table["part"] != SUM)
    table["difference"] = (table["tried"] - table["value"]).abs()
    table["relative"] = table["difference"] / size.where(size > 0)
    return table.assign(of_largest=table["difference"] / (size.max() or np.nan))


def furthest(tried: pd.DataFrame, column: str) -> pd.Series | None:
    """The row of `tried` that is largest in a column; None where that has no number."""
    known = tried.dropna(subset=column)
    return None if known.empty else known.loc[known[column].idxmax()]


def by_pair(layer: Layer, run: Run, head: int) -> pd.DataFrame:
    """The attribution of the six terms of one head, pair by pair: their sums are the head's.

    R_ij (Tᵗ_ij − T̄ᵗ_i), with T̄ᵗ_i the mean of the row as attention weighs it. Rows of R sum to 0,
    so that this mean changes no sum; without it, a constant of a row, which softmax ignores, would
    count in every pair. With R = A (E − Ē) / √d', where E is what attention to token j does to
    the loss, a row sums to the covariance of E and the term, as attention weighs it, over √d'.

    Columns: i, j, token_id_i, token_id_j, current, past (labels), attention, reversed, a column
    for each term, total.
    """
    ids, places = run.ids.tolist(), range(run.n)
    R = array(gradient_of_scores(run, 0)[head])  # (n, n)
    A = array(run.attention[0, head])  # (n, n)
    found = terms(layer, ids, heads=head)
    parts = {}
    for name in TERMS:
        T = array(found.matrix(name).expand_as(found.ee)[0])  # (n, n)
        parts[name] = R * (T - (A * T).sum(axis=1, keepdims=True))
    values = {"attention": A, "reversed": R, **parts, "total": sum(parts.values())}
    seen = visible(layer, run.n)
    columns = cells({"i": places, "j": places}, seen)
    shown = {name: matrix[seen] for name, matrix in values.items()}
    return pd.DataFrame(columns | pairs_of(layer, ids, columns) | shown)


def carriers(by_pair: pd.DataFrame, k: int = MOST) -> pd.DataFrame:
    """The k pairs with the largest |total|, the largest first, as far as it is not 0; long.

    Columns: rank, pair (its label), i, j, token_id_i, token_id_j, reversed, order, term,
    attribution, total.
    """
    some = by_pair[by_pair["total"] != 0]
    best = some.loc[some["total"].abs().sort_values(ascending=False, kind="stable").index[:k]]
    best = best.assign(rank=range(1, len(best) + 1), pair=best["current"] + " → " + best["past"])
    kept = ["rank", "pair", "i", "j", "token_id_i", "token_id_j", "reversed", "total"]
    table = best.melt(kept, list(TERMS), "term", "attribution")
    table["order"] = table["term"].map({name: n for n, name in enumerate(TERMS)}).astype(int)
    table = table.sort_values(["rank", "order"], ignore_index=True)
    return table[[*kept[:-1], "order", "term", "attribution", "total"]]


def share(carriers: pd.DataFrame, by_pair: pd.DataFrame) -> tuple[float, int]:
    """The part of Σ|total| over all pairs that some of them have, and how many have one but 0."""
    some, sizes = carriers.drop_duplicates("rank")["total"].abs().sum(), by_pair["total"].abs()
    return float(some / (sizes.sum() or 1.0)), int((sizes > 0).sum())
