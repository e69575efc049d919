"""What the tables of detokenizing heads say, in sentences."""

import math

import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import Convention
from detok.model.layer import Layer
from detok.model.tokens.spelling import Edge
from detok.tables.heads import Extent, Tops


def _of(extent: Extent) -> str:
    V = extent.vocab_size
    return (
        f"all {V:,} tokens"
        if extent.is_whole
        else f"a random sample of {extent.n:,} of all {V:,} tokens"
    )


def _interval(row: pd.Series) -> str:
    if row["mean_low"] < row["mean_high"]:
        return f" (95 % confidence {row['mean_low']:.3f} to {row['mean_high']:.3f})"
    return ""


def _against(row: pd.Series) -> str:
    if math.isnan(row["others"]):
        return ""
    return f"; the median of the other heads is {row['others']:.3f}"


def answer(best: pd.Series) -> str:
    """Which head knows most about pairs, against the others and against none."""
    if math.isnan(best["mean"]):
        return "No head has an AUROC: none of these tokens has an observed predecessor."
    return (
        f"Head {best['head']:.0f} knows most about pairs of tokens: pair AUROC {best['mean']:.3f}"
        f"{_interval(best)}{_against(best)}. A head that knows only how common each token is "
        "has 0.5."
    )


def measures(pairs: pd.DataFrame, paper: pd.DataFrame, extent: Extent) -> str:
    """What the bars and marks of both measures are, and how far frequency alone gets in each."""
    if extent.is_whole:
        over = "Over all tokens, weighted in the pair AUROC by how often they occur."
    else:
        over = (
            f"Pair AUROC over {extent.n:,} random places of the counted texts; the paper's measure "
            f"over {_of(extent)}."
        )
    by_count, by_count_paper = pairs["frequency"].iloc[0], paper["frequency"].iloc[0]
    clearly = pairs.loc[pairs["mean_low"] > pairs["frequency"], "head"].tolist()
    return (
        f"{over} Dashed lines: what ranking the vocabulary by how often each token occurs reaches "
        f"without a look at token i, {by_count:.3f} in the pair AUROC and {by_count_paper:.3f} in "
        "the paper's measure. Marks across the bars: what is left of each head if its queries are "
        f"all the same, their mean. {_heads(clearly, len(pairs))} above frequency in the pair "
        f"AUROC{_certainty(pairs, extent)}."
    )


def _certainty(table: pd.DataFrame, extent: Extent) -> str:
    if extent.is_whole:
        return ""
    if table["mean_low"].isna().all():
        return ", as far as so few tokens tell: too few for a confidence interval"
    return ", by their 95 % confidence intervals"


def unweighted(pairs: pd.DataFrame, best: pd.Series) -> str:
    """The pair AUROC if every token counts once, which rare tokens make the most of."""
    return (
        f"With every token i counted once, rare or common, head {best['head']:.0f} has the "
        f"highest pair AUROC, {best['unweighted']:.3f}; ranking by count alone has "
        f"{pairs['unweighted_frequency'].iloc[0]:.3f} then, which need not be 0.5."
    )


def tops(summary: pd.DataFrame, best: pd.Series, tops: Tops) -> str:
    """How often the true predecessor is at the top, and how often it would be by chance."""
    if not tops.n:
        return "No token has a predecessor that was seen often enough with it."
    return (
        f"For {tops.any_head:.1%} of {tops.n:,} tokens some head has the true predecessor among "
        f"its first three of {tops.vocab_size:,}; {len(summary)} random rankings would for "
        f"{tops.any_random:.2%}. Most often head {best['head']:.0f} has: {best['first_3']:.1%}, "
        f"and among its first twenty {best['first_20']:.1%}; its median rank is "
        f"{best['median_rank']:,.0f}. A ranking by count alone has it among the first three for "
        f"{tops.frequency:.1%}, a random one for {tops.random:.2%}."
    )


def tops_by_kind(best: pd.DataFrame) -> str:
    """The head with most true predecessors at the top for each kind of token, and all together."""
    if best.empty:
        return "No token has a predecessor that was seen often enough with it."
    parts = [
        f"{row.kind}: head {row.head} {row.first_3:.1%}, any head {row.any_first_3:.1%}"
        if row.any_first_3
        else f"{row.kind}: none"
        for row in best.itertuples()
    ]
    return (
        f"Among the first three, best head by the kind of the current token i: {'; '.join(parts)}. "
        "Few tokens make an uncertain share."
    )


def paper_answer(best: pd.Series) -> str:
    """Which head has most by the paper's measure, against the others and frequency alone."""
    if math.isnan(best["mean"]):
        return "No head has an AUROC: none of these tokens has an observed predecessor."
    return (
        f"By the paper's measure head {best['head']:.0f} has most: mean AUROC {best['mean']:.3f}"
        f"{_interval(best)}{_against(best)}. Ranking tokens by how often they occur has "
        f"{best['frequency']:.3f}."
    )


def summary(summary: pd.DataFrame, extent: Extent, convention: Convention) -> str:
    """Of which tokens the summary is, what became of those without an AUROC, and what is drawn."""
    fate = "count as 0, as in the authors' script" if convention == "authors" else "are left out"
    of_all = "" if extent.is_whole else f" (of all tokens, {extent.n_left_out_of_all:,})"
    whisker = "" if extent.is_whole else "; orange: the 95 % confidence interval of the mean"
    clearly = summary.loc[summary["mean_low"] > summary["frequency"], "head"].tolist()
    return (
        f"Over {_of(extent)}. {extent.n_left_out:,} have no observed predecessor{of_all} and "
        f"{fate}. Bars: means; grey: the middle half of the tokens, with the median{whisker}; "
        "dashed: frequency alone, which has much because common tokens precede nearly everything. "
        f"{_heads(clearly, len(summary))} above it{_certainty(summary, extent)}."
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
        f"Best head of the paper's measure by the kind of the current token i: {'; '.join(parts)}. "
        f"{_KINDS[edge]} Few tokens make an uncertain mean, and frequency alone has much here too."
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
    """Which head has a token's predecessors highest, or why none can be said to."""
    shown, n = layer.tokenizer.show(token), len(counts.row(token)[0])
    if areas.empty:
        none = "no observed predecessor" if not n else "every token as an observed predecessor"
        return f"{shown} has {none} in these counts, and so no ROC curve."
    most, least = (areas.loc[row] for row in (areas["area"].idxmax(), areas["area"].idxmin()))
    return (
        f"{shown} has {n:,} different predecessors in these counts. Head {most['head']:.0f} ranks "
        f"them highest (the paper's AUROC {most['area']:.3f}), head {least['head']:.0f} lowest "
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
