"""The tables of token frequency."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.scores.frequency import distance_from_trend, self_assertion, spearman
from detok.scores.layernorm_stats import LayerNormStats
from detok.tables.common import array

N_FURTHEST = 15  # tokens on either side of the trend
N_LISTED = 200  # tokens of a long table
MAX_POINTS_PANEL = 500  # tokens drawn for each head where all are side by side


def token_variances(layer: Layer, stats: LayerNormStats, counts: Counts) -> pd.DataFrame:
    """Var(e) of every token that the counts have, most frequent first.

    Columns: token_id, token (shown), count, variance.
    """
    seen = np.flatnonzero(counts.tokens)
    order = seen[np.argsort(-counts.tokens[seen], kind="stable")]
    return pd.DataFrame(
        {
            "token_id": order,
            "count": counts.tokens[order],
            "variance": array(stats.var_e)[order],
        }
    )


def tokens(layer: Layer, counts: Counts) -> pd.DataFrame:
    """T^e and Var(e) of every token beside its count, one row a token, in order of its id.

    Columns: token_id, count, variance, head_0 … head_{H−1} (T^e, unscaled).
    """
    scores = self_assertion(layer).double().cpu().numpy()  # (H, V)
    columns = {
        "token_id": np.arange(layer.vocab_size),
        "count": counts.tokens,
        "variance": layer.sigma.var_e.double().cpu().numpy(),
    }
    return pd.DataFrame(columns | {f"head_{h}": row for h, row in enumerate(scores)})


def seen(table: pd.DataFrame) -> pd.DataFrame:
    """The tokens that occur, most frequent first: a log scale has no place for the others."""
    return table[table["count"] > 0].sort_values("count", ascending=False, kind="stable")


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's ρ of T^e, and of Var(e), with the count over the tokens that occur.

    Columns: measure, rho, p, p_shown ("< 1e-300" for what is too small), n.
    """
    occurring = seen(table)
    rows = []
    for name in measures(table):
        found = spearman(occurring["count"], occurring[name])
        rows.append((title(name), found.rho, found.p, found.p_shown, found.n))
    return pd.DataFrame(rows, columns=["measure", "rho", "p", "p_shown", "n"])


def measures(table: pd.DataFrame) -> list[str]:
    """The columns of `tokens` that may go with frequency."""
    return ["variance", *table.columns[table.columns.str.startswith("head_")]]


def title(measure: str) -> str:
    """How a column of `tokens` is called on the page."""
    return "Var(e)" if measure == "variance" else f"T^e, head {measure.removeprefix('head_')}"


def by_head(table: pd.DataFrame) -> pd.DataFrame:
    """`tokens` that are to be drawn, a row for each head: token_id, token, count, head, score."""
    heads = [name for name in measures(table) if name != "variance"]
    long = table.melt(["token_id", "token", "count"], heads, "head", "score")
    return long.assign(head=long["head"].str.removeprefix("head_").astype(int))


def by_measure(correlations: pd.DataFrame) -> pd.DataFrame:
    """The correlations to be read across: a column a measure, ρ above its p-value."""
    rows = correlations[["measure", "rho", "p_shown"]].itertuples(index=False)
    columns = {name: [f"{rho:+.3f}", p.removeprefix("= ")] for name, rho, p in rows}
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


def furthest(trend: pd.DataFrame, layer: Layer, kinds: np.ndarray) -> pd.DataFrame:
    """The tokens furthest above the trend and below it, by name.

    `kinds` (V,) are those of all tokens. Columns: side, token_id, shown, kind, count, value, trend,
    distance (in robust standard deviations).
    """
    ordered = trend.sort_values("distance", ascending=False, kind="stable")
    n = min(N_FURTHEST, (len(ordered) + 1) // 2)
    parts = {"above": ordered.head(n), "below": ordered.tail(min(n, len(ordered) - n)).iloc[::-1]}
    table = pd.concat([part.assign(side=side) for side, part in parts.items()], ignore_index=True)
    table = table.assign(
        shown=[layer.tokenizer.show(t) for t in table["token_id"]],
        kind=kinds[table["token_id"].to_numpy(dtype=int)],
    )
    return table[["side", "token_id", "shown", "kind", "count", "value", "trend", "distance"]]


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
