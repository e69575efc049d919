"""What the tables of token frequency say, in sentences."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.scores.frequency import spearman
from detok.tables.frequency import N_LISTED, title


def token_variances_reading(table: pd.DataFrame, drawn: pd.DataFrame, counts: Counts) -> str:
    """Spearman's ρ of Var(e) and token frequency, and what is drawn."""
    found = spearman(table["count"], table["variance"])
    return (
        f"Spearman's rank correlation of Var(e) and token frequency is {found}, over the "
        f"{found.n:,} tokens that occur in {counts.origin}: "
        f"{'rare' if found.rho < 0 else 'frequent'} tokens have the larger variance. Drawn: "
        f"{len(drawn):,} of them, evenly by rank of frequency."
    )


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
