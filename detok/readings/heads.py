"""What the tables of detokenizing heads say, in sentences."""

import math

import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import Convention
from detok.model.layer import Layer
from detok.model.tokens.spelling import Edge
from detok.tables.heads import Extent


def _of(extent: Extent) -> str:
    V = extent.vocab_size
    return (
        f"all {V:,} tokens"
        if extent.is_whole
        else f"a random sample of {extent.n:,} of all {V:,} tokens"
    )


def answer(best: pd.Series) -> str:
    """Which head detokenizes best, against the others."""
    if math.isnan(best["mean"]):
        return "No head has an AUROC: none of these tokens has an observed predecessor."
    interval = ""
    if best["mean_low"] < best["mean_high"]:
        interval = f" (95 % confidence {best['mean_low']:.3f} to {best['mean_high']:.3f})"
    against = ""
    if not math.isnan(best["others"]):
        against = f"; the median of the other heads is {best['others']:.3f}"
    return (
        f"Head {best['head']:.0f} tells true predecessors from other tokens best: mean AUROC "
        f"{best['mean']:.3f}{interval}{against}. Chance is 0.5."
    )


def summary(summary: pd.DataFrame, extent: Extent, convention: Convention) -> str:
    """Of which tokens the summary is, what became of those without an AUROC, and what is drawn."""
    fate = "count as 0, as in the authors' script" if convention == "authors" else "are left out"
    of_all = "" if extent.is_whole else f" (of all tokens, {extent.n_left_out_of_all:,})"
    whisker = "" if extent.is_whole else "; orange: the 95 % confidence interval of the mean"
    clearly = summary.loc[summary["mean_low"] > 0.5, "head"].tolist()
    return (
        f"Over {_of(extent)}. {extent.n_left_out:,} have no observed predecessor{of_all} and "
        f"{fate}. Bars: means; grey: the middle half of the tokens, with the median{whisker}. "
        f"{_heads(clearly, len(summary))} above chance."
    )


def _heads(heads: list[int], n_heads: int) -> str:
    if not heads:
        return "No head is"
    if len(heads) == n_heads:
        return "All heads are"
    return f"Head {heads[0]} is" if len(heads) == 1 else f"Heads {', '.join(map(str, heads))} are"


def shares(summary: pd.DataFrame, extent: Extent) -> str:
    """Which heads attend to copies, and which put known pairs on top."""
    copy = summary.loc[summary["diagonal_share"].idxmax()]
    most = f"Head {copy['head']:.0f} attends to copies most: {copy['diagonal_share']:.1%}."
    said = (
        f"Diagonal share: how often no other token scores higher than the token itself, over "
        f"{_of(extent)}. "
        f"{most if copy['diagonal_share'] else 'In no head is that so for any of them.'}"
    )
    if not extent.n_seen:
        return said
    known = summary.loc[summary["known_share"].idxmax()]
    return (
        f"{said} Known pairs: the share of a head's ten best tokens j that really precede the "
        f"token in the counts, over the {extent.n_seen:,} tokens with a predecessor. Most in "
        f"head {known['head']:.0f}: {known['known_share']:.1%}; ten tokens drawn at random would "
        f"have {extent.chance:.1%}."
    )


_KINDS = {
    "start": "A token continues a word if it is letters without a space before them.",
    "end": "A token ends a word if it is letters with a space after them.",
}


def by_kind(best: pd.DataFrame, edge: Edge = "start") -> str:
    """The best head for each kind of token, which the space at that end of words tells."""
    if best.empty:
        return "No token has an AUROC."
    parts = [f"{row.kind}: head {row.head} ({row.mean:.2f})" for row in best.itertuples()]
    return (
        f"Best head by the kind of the current token i: {'; '.join(parts)}. {_KINDS[edge]} Few "
        "tokens make an uncertain mean."
    )


def extremes(table: pd.DataFrame, extent: Extent, n_ranked: int, head: int, least: int) -> str:
    """What the head is good at, and what not."""
    if table.empty:
        return (
            f"None of {_of(extent)} has {least:,} different predecessors: choose a smaller number."
        )
    best = table.iloc[0]
    said = f"Head {head} does best on {best['shown']} (AUROC {best['area']:.3f})"
    if (table["end"] == "worst").any():
        worst = table[table["end"] == "worst"].iloc[0]
        said += f" and worst on {worst['shown']} ({worst['area']:.3f})"
    return (
        f"{said}, of the {n_ranked:,} tokens among {_of(extent)} with at least {least:,} "
        "different predecessors. With few of them, a perfect AUROC may be luck."
    )


def token(layer: Layer, counts: Counts, token: int, areas: pd.DataFrame) -> str:
    """Which head knows a token's predecessors best, or why none can be said to."""
    shown, n = layer.tokenizer.show(token), len(counts.row(token)[0])
    if areas.empty:
        none = "no observed predecessor" if not n else "every token as an observed predecessor"
        return f"{shown} has {none} in these counts, and so no ROC curve."
    most, least = (areas.loc[row] for row in (areas["area"].idxmax(), areas["area"].idxmin()))
    return (
        f"{shown} has {n:,} different predecessors in these counts. Head {most['head']:.0f} knows "
        f"them best (AUROC {most['area']:.3f}), head {least['head']:.0f} least "
        f"({least['area']:.3f})."
    )


def predecessors(typical: pd.DataFrame, layer: Layer) -> str:
    """Which head has the frequent predecessors highest."""
    best = typical.loc[typical["rank"].idxmin()]
    return (
        f"Rank of each predecessor among all {layer.vocab_size:,} by T^ee; 1 is best. Head "
        f"{best['head']:.0f} has these {best['n']:.0f} highest: {best['rank']:,.0f} (geometric "
        "mean)."
    )
