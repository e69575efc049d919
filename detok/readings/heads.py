"""What the tables of detokenizing heads say, in sentences."""

import math

import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import Convention
from detok.model.any_layer import AnyLayer
from detok.model.tokens.spelling import Edge
from detok.readings.words import amount, named
from detok.tables import heads as tables
from detok.tables.common import first
from detok.tables.heads import Extent, Tops

_NO_PREDECESSOR = (
    "None of these tokens has a predecessor in the counts that was seen often enough with it."
)


def _of(extent: Extent) -> str:
    V = extent.vocab_size
    return (
        f"all {V:,} tokens"
        if extent.is_whole
        else f"a random sample of {extent.n:,} of all {V:,} tokens"
    )


def _counted(min_count: int) -> str:
    """Which pairs are in the counts, if not all are."""
    return f" (pairs seen at least {min_count} times)" if min_count > 1 else ""


def _interval(row: pd.Series) -> str:
    if row["mean_low"] < row["mean_high"]:
        return f" (95 % confidence {row['mean_low']:.3f} to {row['mean_high']:.3f})"
    return ""


def _against(row: pd.Series, n_others: int) -> str:
    if not n_others:
        return ""
    others = "the other head has" if n_others == 1 else "the median of the other heads is"
    return f"; {others} {row['others']:.3f}"


def _result(best: pd.DataFrame, n_heads: int) -> str:
    """The mean of the best heads, against the others and frequency alone."""
    row = best.iloc[0]
    interval = _interval(row) if len(best) == 1 else ""
    return (
        f"{row['mean']:.3f}{interval}{_against(row, n_heads - len(best))}. Ranking tokens by how "
        f"often they occur has {row['frequency']:.3f}."
    )


def answer(pairs: pd.DataFrame, extent: Extent) -> str:
    """Which head knows most about pairs, against the others and frequency alone."""
    best = tables.best(pairs)
    if best.empty:
        return (
            "No head has a pair AUROC: none of these tokens has a predecessor in the "
            f"counts{_counted(extent.min_count)}."
        )
    who = named(best["head"].tolist(), len(pairs)).capitalize()
    if len(pairs) == 1:
        what = "has a pair AUROC of"
    elif len(best) == len(pairs):
        what = "know as much about pairs of tokens: pair AUROC"
    else:
        what = f"{'knows' if len(best) == 1 else 'know'} most about pairs of tokens: pair AUROC"
    return f"{who} {what} {_result(best, len(pairs))}"


def measures(pairs: pd.DataFrame, paper: pd.DataFrame, extent: Extent) -> str:
    """What the bars and marks of both measures are, and how far frequency alone gets in each."""
    by_count, by_count_paper = pairs["frequency"].iloc[0], paper["frequency"].iloc[0]
    if math.isnan(by_count):
        return "There is no pair AUROC to be drawn."
    if extent.is_whole:
        over = "Over all tokens, weighted in the pair AUROC by how often they occur."
    elif extent.has_all_seen:
        over = (
            "Pair AUROC over all tokens with a predecessor in the counts, weighted by how often "
            f"they occur; the paper's measure over {_of(extent)}."
        )
    else:
        over = (
            f"Pair AUROC over {extent.n:,} random places of the counted texts; the paper's measure "
            f"over {_of(extent)}."
        )
    in_paper = (
        "" if math.isnan(by_count_paper) else f" and {by_count_paper:.3f} in the paper's measure"
    )
    return (
        f"{over} Dashed lines: what ranking the vocabulary by how often each token occurs reaches "
        f"without a look at token i, {by_count:.3f} in the pair AUROC{in_paper}. Marks across the "
        "bars: what is left of each head if its queries are all the same, their mean. "
        f"{_above(pairs, extent.has_all_seen, 'frequency in the pair AUROC')}"
    )


def _above(table: pd.DataFrame, is_whole: bool, what: str) -> str:
    """Which heads are above frequency alone, as surely as the table tells."""
    if table["mean_low"].isna().all():
        return (
            f"Whether heads are above {what}, so few tokens do not tell: they are too few for a "
            "confidence interval."
        )
    heads = tables.above_frequency(table)
    if heads:
        who = f"{named(heads, len(table)).capitalize()} {'is' if len(heads) == 1 else 'are'}"
    else:
        who = "No head is"
    return f"{who} above {what}{'' if is_whole else ', by 95 % confidence intervals'}."


def unweighted(pairs: pd.DataFrame) -> str:
    """The pair AUROC if every token counts once, which rare tokens make the most of."""
    best = first(pairs, "unweighted")
    if best.empty:
        return "None of these tokens has a pair AUROC."
    who = named(best["head"].tolist(), len(pairs))
    if len(pairs) == 1:
        what = "has a pair AUROC of"
    elif len(best) == len(pairs):
        what = "have the same pair AUROC,"
    else:
        what = f"{'has' if len(best) == 1 else 'have'} the highest pair AUROC,"
    return (
        f"With every token i counted once, rare or common, {who} {what} "
        f"{best['unweighted'].iloc[0]:.3f}; ranking by count alone has "
        f"{best['unweighted_frequency'].iloc[0]:.3f} then, which need not be 0.5."
    )


def tops(summary: pd.DataFrame, tops: Tops) -> str:
    """How often the true predecessor is at the top, and how often it would be by chance."""
    if not tops.n:
        return _NO_PREDECESSOR
    best = first(summary, "first_3")
    row, n = best.iloc[0], len(summary)
    more = (
        f", and among its first twenty {row['first_20']:.1%}; its median rank is "
        f"{row['median_rank']:,.0f}"
    )
    among = f"among its first three of {tops.vocab_size:,} (at most two score higher)"
    of_tokens = f"For {tops.any_head:.1%} of {amount(tops.n, 'token')}"
    if n == 1:
        said = f"{of_tokens} head 0 has the true predecessor {among}{more}."
    else:
        said = (
            f"{of_tokens} some head has the true predecessor {among}; {n} random rankings would "
            f"for {tops.any_random:.2%}. "
        )
        if len(best) == n:
            said += f"All heads have it there as often: {row['first_3']:.1%}."
        elif len(best) > 1:
            said += f"Most often {named(best['head'].tolist(), n)} have: {row['first_3']:.1%}."
        else:
            said += f"Most often head {row['head']:.0f} has: {row['first_3']:.1%}{more}."
    return (
        f"{said} A ranking by count alone has it among the first three for {tops.frequency:.1%}, a "
        f"random one for {tops.random:.2%}."
    )


def tops_by_kind(best: pd.DataFrame) -> str:
    """The head with most true predecessors at the top for each kind of token, and all together."""
    if best.empty:
        return _NO_PREDECESSOR
    parts = []
    for row in best.itertuples():
        share = f"{named(row.heads, row.n_heads)} {row.first_3:.1%}"
        any_head = f", any head {row.any_first_3:.1%}" if row.n_heads > 1 else ""
        parts.append(f"{row.kind}: {f'{share}{any_head}' if row.any_first_3 else 'none'}")
    which = "best head " if best["n_heads"].iloc[0] > 1 else ""
    return (
        f"Among the first three, {which}by the kind of the current token i: {'; '.join(parts)}. "
        "Few tokens make an uncertain share."
    )


def paper_answer(paper: pd.DataFrame, extent: Extent) -> str:
    """Which head has most by the paper's measure, against the others and frequency alone."""
    best = tables.best(paper)
    if best.empty:
        return f"No head has an AUROC: each of these tokens has {_no_area(extent)}."
    who = named(best["head"].tolist(), len(paper))
    if len(paper) == 1:
        what = "has a mean AUROC of"
    elif len(best) == len(paper):
        what = "have as much: mean AUROC"
    else:
        what = f"{'has' if len(best) == 1 else 'have'} most: mean AUROC"
    return f"By the paper's measure {who} {what} {_result(best, len(paper))}"


def _no_area(extent: Extent) -> str:
    """What a token has that has no AUROC by the paper's measure."""
    return (
        f"no predecessor in the counts{_counted(extent.min_count)}, or every token as a predecessor"
    )


def summary(summary: pd.DataFrame, extent: Extent, convention: Convention) -> str:
    """Of which tokens the summary is, what became of those without an AUROC, and what is drawn."""
    n, one = extent.n_left_out, extent.n_left_out == 1
    if convention == "authors":
        fate = f"{'counts' if one else 'count'} as 0, as in the authors' script"
    else:
        fate = f"{'is' if one else 'are'} left out"
    of_all = "" if extent.is_whole else f" (of all tokens, {extent.n_left_out_of_all:,})"
    said = (
        f"Over {_of(extent)}. {n:,} {'has' if one else 'have'} {_no_area(extent)}{of_all}, and "
        f"{fate}."
    )
    if tables.best(summary).empty:
        return said
    has_interval = (summary["mean_low"] < summary["mean_high"]).any()
    whisker = "; orange: the 95 % confidence interval of the mean" if has_interval else ""
    return (
        f"{said} Bars: means; grey: the middle half of the tokens, with the median{whisker}; "
        f"dashed: frequency alone. {_above(summary, extent.is_whole, 'it')}"
    )


def _most_in(summary: pd.DataFrame, column: str) -> str:
    """In which heads a share is largest."""
    best = first(summary, column)
    where = "In" if len(best) == len(summary) else "Most in"
    return f"{where} {named(best['head'].tolist(), len(summary))}: {best[column].iloc[0]:.1%}"


def shares(summary: pd.DataFrame, extent: Extent) -> str:
    """Which heads attend to copies, and which put known pairs on top."""
    if summary["diagonal_share"].any():
        most = f"{_most_in(summary, 'diagonal_share')}."
    else:
        most = "In no head is that so for any of them."
    said = (
        "Diagonal share: how often no other token scores higher than the token itself, though "
        f"others may score as high, over {_of(extent)}. {most}"
    )
    if not extent.n_seen:
        return said
    return (
        f"{said} Known pairs: the share of a head's {extent.top} best tokens j that really precede "
        f"the token in the counts{_counted(extent.min_count)}, over the "
        f"{amount(extent.n_seen, 'token')} with a predecessor there. Tokens that score as high as "
        f"the last of the {extent.top} count too, {extent.top} in all at most. "
        f"{_most_in(summary, 'known_share')}; {extent.top} tokens drawn at random would have "
        f"{extent.chance:.1%}."
    )


_KINDS = {
    "start": "A token continues a word if it is letters without a space before them.",
    "end": "A token ends a word if it is letters with a space after them.",
}


def by_kind(best: pd.DataFrame, edge: Edge = "start") -> str:
    """The best head for each kind of token, which the space at that end of words tells."""
    if best.empty:
        return "None of these tokens has an AUROC."
    parts = [
        f"{row.kind}: {named(row.heads, row.n_heads)} ({row.mean:.2f})" for row in best.itertuples()
    ]
    which = "Best head of the" if best["n_heads"].iloc[0] > 1 else "The"
    return (
        f"{which} paper's measure by the kind of the current token i: {'; '.join(parts)}. "
        f"{_KINDS[edge]} Few tokens make an uncertain mean, and frequency alone may have as much."
    )


def extremes(table: pd.DataFrame, extent: Extent, n_ranked: int, head: int, least: int) -> str:
    """What the head is good at, and what not."""
    enough = f"at least {amount(least, 'different predecessor')}"
    if table.empty:
        none = f"None of {_of(extent)} has an AUROC"
        if extent.n_left_out == extent.n:
            return f"{none}."
        return f"{none} and {enough} in the counts: choose a smaller number."
    of = f"{amount(n_ranked, 'token')} among {_of(extent)} with an AUROC and {enough}"
    luck = "With few of them, a perfect AUROC may be luck."
    best = table.iloc[0]
    if n_ranked == 1:
        return (
            f"Head {head} has an AUROC of {best['area']:.3f} on {best['shown']}, the only token "
            f"among {_of(extent)} with one and {enough}. {luck}"
        )
    if tables.all_equal(table):
        return f"Head {head} has the same AUROC, {best['area']:.3f}, on the {of}. {luck}"
    return (
        f"Head {head} does best on {_end(table, 'best')} and worst on {_end(table, 'worst')}, of "
        f"the {of}. {luck}"
    )


def _end(table: pd.DataFrame, end: str) -> str:
    """The first token at one end of the ranking, and how many of those shown equal it."""
    equal = tables.best_of(table, end)
    also = f", as on {len(equal) - 1} more of those shown" if len(equal) > 1 else ""
    return f"{equal['shown'].iloc[0]} (AUROC {equal['area'].iloc[0]:.3f}{also})"


def token(layer: AnyLayer, counts: Counts, token: int, areas: pd.DataFrame) -> str:
    """Which head has a token's predecessors highest, or why none can be said to."""
    shown, n = layer.tokenizer.show(token), len(counts.row(token)[0])
    these = f"these counts{_counted(counts.min_count)}"
    if areas.empty:
        none = "no observed predecessor" if not n else "every token as an observed predecessor"
        return f"{shown} has {none} in {these}, and so no ROC curve."
    return (
        f"{shown} has {amount(n, 'different predecessor')} in {these}. "
        f"{_ranked(areas, 'it' if n == 1 else 'them')}"
    )


def _ranked(areas: pd.DataFrame, them: str) -> str:
    best, worst = first(areas, "area"), first(areas, "area", largest=False)
    most, least = best["area"].iloc[0], worst["area"].iloc[0]
    if len(areas) == 1:
        return f"The paper's AUROC of head {best['head'].iloc[0]} is {most:.3f}."
    if tables.all_equal(areas):
        return f"All heads have the same AUROC by the paper's measure, {most:.3f}."
    high, low = (named(part["head"].tolist(), len(areas)) for part in (best, worst))
    rank = "ranks" if len(best) == 1 else "rank"
    return (
        f"{high.capitalize()} {rank} {them} highest (the paper's AUROC {most:.3f}), {low} lowest "
        f"({least:.3f})."
    )


def predecessors(typical: pd.DataFrame, layer: AnyLayer) -> str:
    """Which head has the frequent predecessors highest."""
    best = first(typical, "rank", largest=False)
    row, who = best.iloc[0], named(best["head"].tolist(), len(typical))
    has = "has" if len(best) == 1 else "have"
    highest = "" if len(best) == len(typical) else " highest"
    these, mean = (
        ("this one", "") if row["n"] == 1 else (f"these {row['n']:.0f}", " (geometric mean)")
    )
    return (
        f"Rank of each predecessor among all {layer.vocab_size:,} by Tᵉᵉ (1: none scores higher). "
        f"{who.capitalize()} {has} {these}{highest}: {row['rank']:,.0f}{mean}."
    )
