"""What the tables of detokenizing heads say, in sentences."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import Auroc, Convention
from detok.heads.summary import has_area
from detok.model.layer import Layer


def _extent(found: Auroc, counts: Counts) -> str:
    V, n = counts.vocab_size, len(found.tokens)
    return f"all {V:,} tokens" if n == V else f"a random sample of {n:,} of all {V:,} tokens"


def summary_answer(summary: pd.DataFrame) -> str:
    """Which head detokenizes best, against the others."""
    ordered = summary.sort_values("mean", ascending=False)
    best, others = ordered.iloc[0], ordered.iloc[1:]["mean"]
    if np.isnan(best["mean"]):
        return "No head has an AUROC: none of these tokens has an observed predecessor."
    interval = ""
    if best["mean_low"] < best["mean_high"]:
        interval = f" (95 % confidence {best['mean_low']:.3f} to {best['mean_high']:.3f})"
    against = f"; the median of the other heads is {others.median():.3f}" if len(others) else ""
    return (
        f"Head {int(best['head'])} tells true predecessors from other tokens best: mean AUROC "
        f"{best['mean']:.3f}{interval}{against}. Chance is 0.5."
    )


def summary_reading(
    summary: pd.DataFrame, found: Auroc, counts: Counts, convention: Convention
) -> str:
    """Of which tokens the summary is, what became of those without an AUROC, and what is drawn."""
    fate = "count as 0, as in the authors' script" if convention == "authors" else "are left out"
    of_all = ""
    if len(found.tokens) < counts.vocab_size:
        n = counts.vocab_size - int(has_area(counts).sum())
        of_all = f" (of all tokens, {n:,})"
    whisker = "" if not of_all else "; orange: the 95 % confidence interval of the mean"
    clearly = summary.loc[summary["mean_low"] > 0.5, "head"].tolist()
    return (
        f"Over {_extent(found, counts)}. {found.n_left_out:,} have no observed predecessor"
        f"{of_all} and {fate}. Bars: means; grey: the middle half of the tokens, with the median"
        f"{whisker}. {_heads(clearly, len(summary))} above chance."
    )


def _heads(heads: list[int], n_heads: int) -> str:
    if not heads:
        return "No head is"
    if len(heads) == n_heads:
        return "All heads are"
    return f"Head {heads[0]} is" if len(heads) == 1 else f"Heads {', '.join(map(str, heads))} are"


def shares_reading(summary: pd.DataFrame, found: Auroc, counts: Counts) -> str:
    """Which heads attend to copies, and which put known pairs on top."""
    copy = summary.loc[summary["diagonal_share"].idxmax()]
    most = f"Head {int(copy['head'])} attends to copies most: {copy['diagonal_share']:.1%}."
    said = (
        f"Diagonal share: how often no past token scores higher than the token itself, over "
        f"{_extent(found, counts)}. "
        f"{most if copy['diagonal_share'] else 'In no head is that so for any of them.'}"
    )
    seen = found.n_past > 0
    if not seen.any():
        return said
    known = summary.loc[summary["known_share"].idxmax()]
    base = found.n_past[seen].mean() / counts.vocab_size
    return (
        f"{said} Known pairs: the share of a head's ten best past tokens that really precede the "
        f"token in the counts, over the {int(seen.sum()):,} tokens with a predecessor. Most in "
        f"head {int(known['head'])}: {known['known_share']:.1%}; ten tokens drawn at random would "
        f"have {base:.1%}."
    )


def by_kind_reading(table: pd.DataFrame) -> str:
    """The best head for each kind of token."""
    parts = []
    for kind, rows in table.dropna(subset="mean").groupby("kind", sort=False):
        best = rows.loc[rows["mean"].idxmax()]
        parts.append(f"{kind}: head {best['head']} ({best['mean']:.2f})")
    if not parts:
        return "No token has an AUROC."
    return (
        f"Best head by the kind of the current token i: {'; '.join(parts)}. A token continues a "
        "word if it is letters without a space before them. Few tokens make an uncertain mean."
    )


def extremes_reading(
    table: pd.DataFrame, found: Auroc, counts: Counts, head: int, least: int
) -> str:
    """What the head is good at, and what not."""
    enough = int((found.has_area & (found.n_past >= least)).sum())
    if table.empty:
        return (
            f"None of {_extent(found, counts)} has {least:,} different predecessors: choose a "
            "smaller number."
        )
    best = table.iloc[0]
    said = f"Head {head} does best on {best['shown']} (AUROC {best['area']:.3f})"
    if (table["end"] == "worst").any():
        worst = table[table["end"] == "worst"].iloc[0]
        said += f" and worst on {worst['shown']} ({worst['area']:.3f})"
    return (
        f"{said}, of the {enough:,} tokens among {_extent(found, counts)} with at least {least:,} "
        "different predecessors. With few of them, a perfect AUROC may be luck."
    )


def token_answer(layer: Layer, counts: Counts, token: int, curves: pd.DataFrame) -> str:
    """Which head knows a token's predecessors best, or why none can be said to."""
    shown, n = layer.tokenizer.show(token), len(counts.row(token)[0])
    if curves.empty:
        none = "no observed predecessor" if not n else "every token as an observed predecessor"
        return f"{shown} has {none} in these counts, and so no ROC curve."
    areas = curves.groupby("head")["area"].first()
    return (
        f"{shown} has {n:,} different predecessors in these counts. Head {areas.idxmax()} knows "
        f"them best (AUROC {areas.max():.3f}), head {areas.idxmin()} least ({areas.min():.3f})."
    )


def predecessors_reading(table: pd.DataFrame, layer: Layer) -> str:
    """Which head has the frequent predecessors highest, by the geometric mean of their ranks."""
    ranks = table.filter(regex="^head_")
    typical = np.exp(np.log(ranks).mean())
    best = typical.idxmin()
    return (
        f"Rank of each past token among all {layer.vocab_size:,} by T^ee; 1 is best. Head "
        f"{best.removeprefix('head_')} has these {len(table)} highest: {typical[best]:,.0f} "
        "(geometric mean)."
    )
