"""The tables of token frequency."""

import math
from itertools import permutations

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.scores.frequency import distance_from_trend, self_assertion
from detok.scores.positions import level
from detok.tables.common import array, first

N_FURTHEST = 15  # tokens on either side of the trend
N_LISTED = 200  # tokens of a long table
MAX_POINTS_PANEL = 500  # tokens drawn for each head where all are side by side
EVIDENCE = 0.05  # a p-value below this tells a direction
FEW = 7  # tokens whose p-value is that of all their orders
FAR = 5  # robust standard deviations from the trend
# How measures of tokens that are of no head are called.
OF_TOKENS = {"variance": "Var(e)", "sigma": "σ"}
# A p-value below this is stated as smaller than it: SciPy gives 0 for what no float can hold.
SMALLEST_P = 1e-300


def tokens(layer: Layer, counts: Counts) -> pd.DataFrame:
    """Tᵉ and Var(e) of every token beside its count, one row a token, in order of its id.

    Columns: token_id, count, variance, head_0 … head_{H−1} (Tᵉ, unscaled).
    """
    scores = array(self_assertion(layer))  # (H, V)
    columns = {
        "token_id": np.arange(layer.vocab_size),
        "count": counts.tokens,
        "variance": array(layer.sigma.var_e),
    }
    table = pd.DataFrame(columns | {f"head_{h}": row for h, row in enumerate(scores)})
    return table.drop(layer.holes.tolist())


def seen(table: pd.DataFrame) -> pd.DataFrame:
    """The tokens that occur, most frequent first: a log scale has no place for the others."""
    return table[table["count"] > 0].sort_values("count", ascending=False, kind="stable")


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's ρ of Tᵉ, and of Var(e), with the count over the tokens that occur.

    Columns: measure, rho, p (two-sided, of Student's t; of all permutations for few tokens),
    p_shown (what comes after "p": never "= 0"), larger_for ("rare" or "frequent" tokens, where p is
    below EVIDENCE; else None), n. NaN where one of the two does not vary.
    """
    # Imported here: only this needs it.
    from scipy.stats import rankdata

    occurring = seen(table)
    n, count = len(occurring), occurring["count"].to_numpy()
    rows = []
    for name in measures(table):
        value = occurring[name].to_numpy()
        if n < 2 or np.ptp(count) == 0 or level(value[None])[0]:
            rho = p = np.nan
        else:
            rho, p = _spearman(rankdata(count), rankdata(value))
        larger_for = ("rare" if rho < 0 else "frequent") if p < EVIDENCE else None
        rows.append((title(name), rho, p, p_shown(p), larger_for, n))
    return pd.DataFrame(rows, columns=["measure", "rho", "p", "p_shown", "larger_for", "n"])


def _spearman(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The correlation of ranks (n,), and how likely chance alone makes one as strong."""
    from scipy.stats import pearsonr

    n = len(x)
    if n > FEW:
        rho, p = pearsonr(x, y)
        # Student's t has 0 for a perfect order, which 2 of n! orders are by chance.
        return rho, max(p, 2 / math.factorial(n)) if n <= 170 else p
    orders = np.array(list(permutations(y - y.mean())))  # (n!, n)
    products = orders @ (x - x.mean())  # (n!,), the first of them of y as it is
    least = abs(products[0]) - 1e-9
    rho = products[0] / (n * x.std() * y.std())
    return rho, (np.abs(products) >= least).mean()


def p_shown(p: float) -> str:
    return f"< {SMALLEST_P:g}" if p < SMALLEST_P else f"= {p:.2g}"


def strongest(correlations: pd.DataFrame) -> pd.DataFrame:
    """The rows of the heads whose ρ is furthest from 0, with the number of each. Column: head."""
    heads = correlations[correlations["measure"] != "Var(e)"].reset_index(drop=True)
    heads = heads.assign(head=heads.index, size=heads["rho"].abs())
    return first(heads, "size").drop(columns="size")


def measures(table: pd.DataFrame) -> list[str]:
    """The columns of `tokens` that may go with frequency."""
    named = table.columns.isin(list(OF_TOKENS)) | table.columns.str.startswith("head_")
    return table.columns[named].tolist()


def title(measure: str) -> str:
    """How a column of `tokens` is called on the page."""
    return OF_TOKENS.get(measure, f"Tᵉ, head {measure.removeprefix('head_')}")


def head_of(measure: str) -> int | None:
    """The number of the head that a column of `tokens` is of."""
    return None if measure in OF_TOKENS else int(measure.removeprefix("head_"))


def by_head(table: pd.DataFrame) -> pd.DataFrame:
    """`tokens` that are to be drawn, a row for each head: token_id, token, count, head, score."""
    heads = [name for name in measures(table) if name not in OF_TOKENS]
    long = table.melt(["token_id", "token", "count"], heads, "head", "score")
    return long.assign(head=long["head"].str.removeprefix("head_").astype(int))


def by_measure(correlations: pd.DataFrame) -> pd.DataFrame:
    """The correlations to be read across: a column a measure, ρ above its p-value."""
    rows = correlations[["measure", "rho", "p_shown"]].itertuples(index=False)
    columns = {
        name: ["none", "none"] if np.isnan(rho) else [f"{rho:+.3f}", p.removeprefix("= ")]
        for name, rho, p in rows
    }
    return pd.DataFrame({"Spearman": ["ρ", "p"]} | columns)


def with_trend(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The tokens that occur, most frequent first, with value, trend and distance of one measure.

    `distance_from_trend` explains the last two.
    """
    occurring = seen(table)
    value = occurring[measure].to_numpy()
    trend, distance = distance_from_trend(occurring["count"].to_numpy(), value)
    columns = occurring[["token_id", "count"]]
    return columns.assign(value=value, trend=trend, distance=distance)


def far(trend: pd.DataFrame) -> pd.DataFrame:
    """The tokens of `with_trend` that are more than FAR from the trend, on either side."""
    return trend[trend["distance"].abs() > FAR]


def furthest(trend: pd.DataFrame, layer: Layer, kinds: np.ndarray) -> pd.DataFrame:
    """The tokens furthest above the trend and below it, by name.

    `kinds` (V,) are those of all tokens. Columns: side, token_id, shown, kind, count, value, trend,
    distance (in robust standard deviations).
    """
    ordered = trend.sort_values("distance", ascending=False, kind="stable")
    parts = {
        "above": ordered[ordered["distance"] > 0].head(N_FURTHEST),
        "below": ordered[ordered["distance"] < 0].tail(N_FURTHEST).iloc[::-1],
    }
    table = pd.concat([part.assign(side=side) for side, part in parts.items()], ignore_index=True)
    table = table.assign(
        shown=[layer.tokenizer.show(t) for t in table["token_id"]],
        kind=kinds[table["token_id"].to_numpy(dtype=int)],
    )
    return table[["side", "token_id", "shown", "kind", "count", "value", "trend", "distance"]]


def furthest_of_all(furthest: pd.DataFrame) -> pd.DataFrame:
    """The rows of `furthest` that no other is further than, on either side."""
    return first(furthest.assign(size=furthest["distance"].abs()), "size").drop(columns="size")


def largest(table: pd.DataFrame, layer: Layer, kinds: np.ndarray, measure: str) -> pd.DataFrame:
    """The N_LISTED tokens of a table that are largest by a measure, by name.

    `kinds` (V,) are those of all tokens. Columns: token_id, shown, kind, value.
    """
    part = table.sort_values(measure, ascending=False, kind="stable").head(N_LISTED)
    return pd.DataFrame(
        {
            "token_id": part["token_id"].to_numpy(),
            "shown": [layer.tokenizer.show(t) for t in part["token_id"]],
            "kind": kinds[part["token_id"].to_numpy(dtype=int)],
            "value": part[measure].to_numpy(),
        }
    )


def occurrence(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The tokens that occur, and those that never do. Columns: occurs, tokens, median (of measure).

    One without tokens has no row.
    """
    groups = table[measure].groupby(table["count"] > 0)
    columns = {"tokens": groups.size(), "median": groups.median()}
    return pd.DataFrame(columns).reset_index(names="occurs")
