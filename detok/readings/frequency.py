"""What the tables of token frequency say, in sentences."""

import math

import pandas as pd

from detok.readings import words
from detok.tables.frequency import EVIDENCE, FAR, N_LISTED, furthest_of_all, strongest, title

NO_CORRELATION = (
    "No rank correlation: no two tokens occur with different counts, or none with different values."
)


def self_assertion(correlations: pd.DataFrame, head: int | None) -> str:
    """Whether a head, or most heads, assert rare or frequent tokens."""
    heads = correlations[correlations["measure"] != "Var(e)"].reset_index(drop=True)
    if heads["rho"].isna().all() or (head is not None and math.isnan(heads["rho"][head])):
        return NO_CORRELATION
    if head is not None:
        row = heads.loc[head]
        found = _found(row)
        if row["larger_for"] is None:
            return f"In head {head}, Tᵉ is not seen to go with frequency: {found}."
        return f"Head {head} tends to ask attention for {row['larger_for']} tokens: {found}."
    n_rare, n_frequent = (
        len(heads[heads["larger_for"] == which]) for which in ("rare", "frequent")
    )
    best = strongest(correlations)
    top, named = best.iloc[0], words.named(best["head"].tolist(), len(heads))
    size = (
        f"Strongest is {named}: {top['rho']:+.2f} (p {top['p_shown']})"
        if len(best) == 1
        else f"It is as strong in {named} (p {top['p_shown']})"
    )
    return (
        f"By Spearman's ρ of Tᵉ and token count (p < {EVIDENCE:g}), rare tokens have the "
        f"larger Tᵉ in {n_rare} of {words.heads(len(heads))}, frequent ones in {n_frequent}. "
        f"{size}, over {top['n']:,} tokens."
    )


def _found(row: pd.Series) -> str:
    return (
        f"Spearman's ρ of Tᵉ and token count is {row['rho']:+.2f} (p {row['p_shown']}), over "
        f"{row['n']:,} tokens"
    )


def drawn(
    part: pd.DataFrame, occurring: pd.DataFrame, table: pd.DataFrame, has_trend: bool = True
) -> str:
    """Of which tokens a chart is, and how many of those that occur are drawn."""
    n, n_drawn = len(occurring), len(part)
    said = f"Of all {len(table):,} tokens, {n:,} {'occurs' if n == 1 else 'occur'} in the counts"
    if n_drawn < n:
        said += f"; drawn {_are(n_drawn)} of them, evenly by rank of frequency"
    elif n > 1:
        said += "; all of them are drawn"
    line = " The line joins medians of tokens about as frequent." if has_trend and n > 1 else ""
    return f"{said}.{line}"


def _are(n: int) -> str:
    return "is 1" if n == 1 else f"are {n:,}"


def variance(correlations: pd.DataFrame) -> str:
    """How Var(e) goes with frequency, and why that hardly matters after LayerNorm."""
    row = correlations[correlations["measure"] == "Var(e)"].iloc[0]
    if math.isnan(row["rho"]):
        return NO_CORRELATION
    direction = "neither rare nor frequent tokens are seen to have the larger variance"
    if row["larger_for"] is not None:
        direction = f"{row['larger_for']} tokens tend to have the larger variance"
    return (
        f"Spearman's ρ of Var(e) and token count is {row['rho']:+.2f} (p {row['p_shown']}), over "
        f"{row['n']:,} tokens: {direction}. LayerNorm divides by the root of the variance."
    )


def furthest(table: pd.DataFrame, far: pd.DataFrame, trend: pd.DataFrame, measure: str) -> str:
    """Which token is furthest, and how many are far."""
    if trend.empty:
        return "No token occurs in these counts."
    if table.empty:
        return (
            f"{title(measure)}: half of the tokens that occur, or more, lie on the trend, so that "
            "distances from it have no unit."
        )
    top = furthest_of_all(table)
    row = top.iloc[0]
    also = f" (and {len(top) - 1:,} as far)" if len(top) > 1 else ""
    times = "once" if row["count"] == 1 else f"{row['count']:,} times"
    return (
        f"{title(measure)}: furthest from the median of tokens about as frequent is {row['shown']} "
        f"(occurs {times}){also}, {abs(row['distance']):.2g} robust standard deviations "
        f"{row['side']} it; more than {FAR} away: {len(far):,} of {len(trend):,} tokens. A token "
        "that training hardly reached keeps what it began with, and may stand out here."
    )


def never(occurrence: pd.DataFrame, measure: str) -> str:
    """How many tokens never occur, and where they lie among the others."""
    rows = {row.occurs: row for row in occurrence.itertuples()}
    if False not in rows:
        return "Every token of the vocabulary occurs in these counts."
    n, others = rows[False].tokens, rows.get(True)
    in_all = n + (others.tokens if others else 0)
    listed = f"; the {N_LISTED} largest are listed" if n > N_LISTED else ""
    never = "never occurs" if n == 1 else "never occur"
    said = f"{n:,} of {in_all:,} tokens {never} in these counts{listed}."
    if not others:
        return said
    if n == 1:
        return (
            f"{said} Its {title(measure)} is {rows[False].median:.3g}, the median of the others "
            f"{others.median:.3g}."
        )
    return (
        f"{said} Their median {title(measure)} is {rows[False].median:.3g}, that of the others "
        f"{others.median:.3g}."
    )
