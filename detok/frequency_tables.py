"""The tables of the token frequency page, and the sentences that read them out."""

import numpy as np
import pandas as pd

from detok.correlation import distance_from_trend, spearman
from detok.counts import Counts
from detok.layer import Layer
from detok.self_assertion import self_assertion

N_FURTHEST = 15  # tokens on either side of the trend
N_LISTED = 200  # tokens of a long table
MAX_POINTS_PANEL = 500  # tokens drawn for each head where all are side by side


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


def self_assertion_answer(rho: pd.DataFrame, head: int | None) -> str:
    """Whether a head, or most heads, assert rare or frequent tokens."""
    heads = rho[rho["measure"] != "Var(e)"].reset_index(drop=True)
    if heads["rho"].isna().all():
        return "No rank correlation: fewer than two tokens with different counts occur."
    if head is not None:
        row = heads.loc[head]
        which = "rare" if row["rho"] < 0 else "frequent"
        return (
            f"Head {head} tends to ask attention for {which} tokens: Spearman's ρ of T^e and token "
            f"count is {row['rho']:+.2f} (p {row['p_shown']}), over {row['n']:,} tokens."
        )
    rare, strongest = int((heads["rho"] < 0).sum()), heads["rho"].abs().idxmax()
    return (
        f"Spearman's ρ of T^e and token count is negative in {rare} of {len(heads)} heads, which "
        f"ask attention for rare tokens. Strongest is head {strongest}: "
        f"{heads.loc[strongest, 'rho']:+.2f} (p {heads.loc[strongest, 'p_shown']}), over "
        f"{heads.loc[strongest, 'n']:,} tokens."
    )


def by_measure(correlations: pd.DataFrame) -> pd.DataFrame:
    """The correlations to be read across: a column a measure, ρ above its p-value."""
    rows = correlations[["measure", "rho", "p_shown"]].itertuples(index=False)
    columns = {name: [f"{rho:+.3f}", p.removeprefix("= ")] for name, rho, p in rows}
    return pd.DataFrame({"Spearman": ["ρ", "p"]} | columns)


def drawn_reading(part: pd.DataFrame, table: pd.DataFrame, has_trend: bool = True) -> str:
    """Of which tokens a chart is, and how many are drawn."""
    line = " The line joins medians of tokens about as frequent." if has_trend else ""
    n, n_seen = len(table), int((table["count"] > 0).sum())
    return (
        f"Of all {n:,} tokens, {n_seen:,} occur in the counts; drawn are {len(part):,} of them, "
        f"evenly by rank of frequency.{line}"
    )


def variance_reading(rho: pd.DataFrame) -> str:
    """How Var(e) goes with frequency, and why that hardly matters after LayerNorm."""
    row = rho[rho["measure"] == "Var(e)"].iloc[0]
    if np.isnan(row["rho"]):
        return "No rank correlation: fewer than two tokens with different counts occur."
    return (
        f"Spearman's ρ of Var(e) and token count is {row['rho']:+.2f} (p {row['p_shown']}), over "
        f"{row['n']:,} tokens: {'rare' if row['rho'] < 0 else 'frequent'} tokens have the larger "
        "variance. LayerNorm divides by its root, so that the norms become equal."
    )


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


def furthest_reading(table: pd.DataFrame, trend: pd.DataFrame, measure: str) -> str:
    """Which token is furthest, and how many are far."""
    if table.empty:
        return "No token occurs in these counts."
    top = table.loc[table["distance"].abs().idxmax()]
    far = int((trend["distance"].abs() > 5).sum())
    return (
        f"{title(measure)}: furthest from the median of tokens about as frequent is {top['shown']} "
        f"(occurs {top['count']:,} times), {abs(top['distance']):.1f} robust standard deviations "
        f"{top['side']} it; more than 5 away: {far:,} of {len(trend):,} tokens. A token that "
        "training hardly reached keeps what it began with, and may stand out here."
    )


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


def never_reading(table: pd.DataFrame, measure: str) -> str:
    """How many tokens never occur, and where they lie among the others."""
    none = table["count"] == 0
    if not none.any():
        return "Every token of the vocabulary occurs in these counts."
    those, others = table.loc[none, measure], table.loc[~none, measure]
    listed = f"; the {N_LISTED} largest are listed" if none.sum() > N_LISTED else ""
    said = f"{none.sum():,} of {len(table):,} tokens never occur in these counts{listed}."
    if others.empty:
        return said
    return (
        f"{said} Their median {title(measure)} is {those.median():.3g}, that of the others "
        f"{others.median():.3g}."
    )
