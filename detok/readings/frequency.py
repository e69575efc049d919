"""What the tables of token frequency say, in sentences."""

import math

import pandas as pd

from detok.tables.frequency import FAR, N_LISTED, title

NO_CORRELATION = (
    "No rank correlation: no two tokens occur with different counts, or none with different values."
)


def self_assertion(correlations: pd.DataFrame, head: int | None) -> str:
    """Whether a head, or most heads, assert rare or frequent tokens."""
    heads = correlations[correlations["measure"] != "Var(e)"].reset_index(drop=True)
    if heads["rho"].isna().all():
        return NO_CORRELATION
    if head is not None:
        row = heads.loc[head]
        which = "rare" if row["rho"] < 0 else "frequent"
        return (
            f"Head {head} tends to ask attention for {which} tokens: Spearman's ρ of T^e and token "
            f"count is {row['rho']:+.2f} (p {row['p_shown']}), over {row['n']:,} tokens."
        )
    n_rare = len(heads[heads["rho"] < 0])
    strongest = max(heads.dropna(subset="rho").itertuples(), key=lambda row: abs(row.rho))
    return (
        f"Spearman's ρ of T^e and token count is negative in {n_rare} of {len(heads)} heads, which "
        f"ask attention for rare tokens. Strongest is head {strongest.Index}: "
        f"{strongest.rho:+.2f} (p {strongest.p_shown}), over {strongest.n:,} tokens."
    )


def drawn(
    part: pd.DataFrame, occurring: pd.DataFrame, table: pd.DataFrame, has_trend: bool = True
) -> str:
    """Of which tokens a chart is, and how many of those that occur are drawn."""
    line = " The line joins medians of tokens about as frequent." if has_trend else ""
    return (
        f"Of all {len(table):,} tokens, {len(occurring):,} occur in the counts; drawn are "
        f"{len(part):,} of them, evenly by rank of frequency.{line}"
    )


def variance(correlations: pd.DataFrame) -> str:
    """How Var(e) goes with frequency, and why that hardly matters after LayerNorm."""
    row = correlations[correlations["measure"] == "Var(e)"].iloc[0]
    if math.isnan(row["rho"]):
        return NO_CORRELATION
    return (
        f"Spearman's ρ of Var(e) and token count is {row['rho']:+.2f} (p {row['p_shown']}), over "
        f"{row['n']:,} tokens: {'rare' if row['rho'] < 0 else 'frequent'} tokens have the larger "
        "variance. LayerNorm divides by its root."
    )


def furthest(table: pd.DataFrame, far: pd.DataFrame, trend: pd.DataFrame, measure: str) -> str:
    """Which token is furthest, and how many are far."""
    if table.empty:
        return "No token occurs in these counts."
    top = max(table.itertuples(), key=lambda row: abs(row.distance))
    return (
        f"{title(measure)}: furthest from the median of tokens about as frequent is {top.shown} "
        f"(occurs {top.count:,} times), {abs(top.distance):.1f} robust standard deviations "
        f"{top.side} it; more than {FAR} away: {len(far):,} of {len(trend):,} tokens. A token that "
        "training hardly reached keeps what it began with, and may stand out here."
    )


def never(occurrence: pd.DataFrame, measure: str) -> str:
    """How many tokens never occur, and where they lie among the others."""
    rows = {row.occurs: row for row in occurrence.itertuples()}
    if False not in rows:
        return "Every token of the vocabulary occurs in these counts."
    n, others = rows[False].tokens, rows.get(True)
    in_all = n + (others.tokens if others else 0)
    listed = f"; the {N_LISTED} largest are listed" if n > N_LISTED else ""
    said = f"{n:,} of {in_all:,} tokens never occur in these counts{listed}."
    if not others:
        return said
    return (
        f"{said} Their median {title(measure)} is {rows[False].median:.3g}, that of the others "
        f"{others.median:.3g}."
    )
