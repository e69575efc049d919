"""The tables of detokenizing heads."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.heads.areas import TOP
from detok.heads.auroc import Auroc, Convention, auroc
from detok.heads.curves import predecessor_ranks, roc_curves
from detok.heads.measured import Measured
from detok.heads.pair_summary import FIRST, pair_by_kind, pair_summary
from detok.heads.summary import auroc_by_kind, auroc_summary, has_area
from detok.model.any_layer import AnyLayer
from detok.scores.positions import ROUNDING
from detok.tables.common import first, geometric_means, leaders

# How the two measures are called.
PAIR, PAPER = "Pair AUROC", "The paper's measure"
N_EXTREMES = 15  # tokens at either end
EXTREMES = ["end", "token_id", "shown", "kind", "area", "predecessors", "occurrences", "joined"]


@dataclass(frozen=True)
class Extent:
    """Of which tokens an AUROC is, in numbers."""

    n: int  # current tokens i
    vocab_size: int
    n_left_out: int  # of them without an AUROC
    n_left_out_of_all: int  # the same of all V
    n_seen: int  # with a predecessor in the counts
    has_all_seen: bool  # whether no other of all V has one
    chance: float  # share of all V past tokens that are predecessors of one, on average over those
    min_count: int  # pairs seen less often are not in the counts

    @property
    def is_whole(self) -> bool:
        return self.n == self.vocab_size

    @property
    def top(self) -> int:
        """How many of the best past tokens are looked up in the counts."""
        return min(TOP, self.vocab_size)


def extent(areas: Auroc, counts: Counts) -> Extent:
    """Of which tokens an AUROC is."""
    seen = areas.n_past[areas.n_past > 0]
    return Extent(
        n=len(areas.tokens),
        vocab_size=counts.vocab_size,
        n_left_out=areas.n_left_out,
        n_left_out_of_all=counts.vocab_size - int(has_area(counts).sum()),
        n_seen=len(seen),
        has_all_seen=len(seen) == int(np.count_nonzero(np.diff(counts.offsets))),
        chance=float(seen.mean()) / counts.vocab_size if len(seen) else np.nan,
        min_count=counts.min_count,
    )


@dataclass(frozen=True)
class Tops:
    """How often the true predecessor of a token is among the first 3, beside other rankings."""

    n: int  # tokens with a true predecessor
    vocab_size: int
    any_head: float  # of at least one head
    random: float  # of one random ranking
    any_random: float  # of at least one of as many random rankings as there are heads
    frequency: float  # of the ranking by count alone


def tops(found: Measured, vocab_size: int) -> Tops:
    """How often the true predecessor is at the top, with what other rankings have."""
    pairs = found.pairs
    H = len(pairs.area)
    random = min(1.0, FIRST / vocab_size)
    return Tops(
        n=int(pairs.has_best.sum()),
        vocab_size=vocab_size,
        any_head=pairs.share_of_any(FIRST),
        random=random,
        any_random=1 - (1 - random) ** H,
        frequency=float(found.baselines.pair.share_in_first(FIRST)[0]),
    )


def tops_by_kind(found: Measured, kinds: np.ndarray) -> pd.DataFrame:
    """`pair_by_kind` where a true predecessor is, with a label: the kind and its number of them."""
    table = pair_by_kind(found.pairs, kinds)
    table = table[table["n_best"] > 0]
    label = [f"{kind} ({n:,})" for kind, n in zip(table["kind"], table["n_best"], strict=True)]
    return table.assign(label=label)


def best_tops(table: pd.DataFrame) -> pd.DataFrame:
    """`_best_of_kinds` of `tops_by_kind`, by the share in the first 3."""
    return _best_of_kinds(table, "first_3")


def _best_of_kinds(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The row of each kind that is best by a column, with heads, all that are as good as it.

    n_heads is how many heads there are in all.
    """
    rows = []
    for _, part in table.groupby("kind", sort=False):
        best = first(part, column)
        also = {"heads": best["head"].tolist(), "n_heads": len(part)}
        rows.append(best.iloc[0].to_dict() | also)
    return pd.DataFrame(rows)


def pairs(found: Measured, counts: Counts) -> pd.DataFrame:
    """`pair_summary` of the heads beside their baselines, one row a head.

    More columns: frequency and shared, the mean of the ranking by count alone and of the part of
    the head's Tᵉᵉ that all i share; unweighted_frequency and unweighted_shared, the same of the
    unweighted mean.
    """
    text = None if found.text_baselines is None else found.text_baselines.pair
    return beside_baselines(
        pair_summary(found.pairs, counts, found.text),
        pair_summary(found.baselines.pair, counts, text),
    )


def beside_baselines(table: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """`pair_summary` of the heads with the columns of `pairs`; `baselines` is that of theirs."""
    table = table.copy()
    for name, prefix in (("mean", ""), ("unweighted", "unweighted_")):
        table[f"{prefix}frequency"] = baselines[name].iloc[0]
        table[f"{prefix}shared"] = baselines[name].to_numpy()[1:]
    return table


def paper(found: Measured, counts: Counts, convention: Convention) -> pd.DataFrame:
    """`auroc_summary` of the heads beside their baselines, one row a head.

    More columns: frequency and shared, as in `pairs`.
    """
    table = auroc_summary(found.areas, counts, convention)
    baselines = found.baselines.auroc.mean(convention)  # (1 + H,)
    return table.assign(frequency=baselines[0], shared=baselines[1:])


def measures(pairs: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Both measures of each head beside their baselines, one row a head and measure.

    Columns: head, measure (PAIR or PAPER), mean, mean_low, mean_high, frequency, shared.
    """
    columns = ["head", "measure", "mean", "mean_low", "mean_high", "frequency", "shared"]
    both = [pairs.assign(measure=PAIR)[columns], paper.assign(measure=PAPER)[columns]]
    return pd.concat(both, ignore_index=True)


def best(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of `pairs` or `paper` with the largest mean; others: the other heads' median."""
    return leaders(summary, "mean")


def above_frequency(summary: pd.DataFrame) -> list[int]:
    """The heads of `pairs` or `paper` that are above frequency alone with all their interval."""
    return summary.loc[summary["mean_low"] > summary["frequency"] + ROUNDING, "head"].tolist()


def by_kind(areas: Auroc, kinds: np.ndarray, convention: Convention) -> pd.DataFrame:
    """`auroc_by_kind` with a label: the kind and its number of tokens."""
    table = auroc_by_kind(areas, kinds, convention)
    label = [f"{kind} ({n:,})" for kind, n in zip(table["kind"], table["n"], strict=True)]
    return table.assign(label=label)


def best_by_kind(table: pd.DataFrame) -> pd.DataFrame:
    """`_best_of_kinds` of `by_kind`, by the mean, without kinds that have none."""
    return _best_of_kinds(table.dropna(subset="mean"), "mean")


def ranked(areas: Auroc, least: int) -> np.ndarray:
    """Which columns of `areas` have an AUROC and at least so many different predecessors."""
    return np.flatnonzero(areas.has_area & (areas.n_past >= least))


def extremes(
    layer: AnyLayer, areas: Auroc, counts: Counts, kinds: np.ndarray, head: int, least: int
) -> pd.DataFrame:
    """The tokens on which a head does best, and worst, among those with enough predecessors.

    `least` is the number of different predecessors, `kinds` (V,) those of all tokens. Columns: end
    (best or worst), token_id, shown, kind, area, predecessors, occurrences, joined (its most
    frequent predecessor + the token).
    """
    area = areas.area[head]
    enough = ranked(areas, least)
    order = enough[np.argsort(-area[enough], kind="stable")]
    n = min(N_EXTREMES, (len(order) + 1) // 2)
    chosen = {"best": order[:n], "worst": order[::-1][: min(n, len(order) - n)]}
    show = layer.tokenizer.show
    rows = []
    for end, columns in chosen.items():
        for column in columns:
            token = int(areas.tokens[column])
            past, weight = counts.row(token)
            often = int(past[weight.argmax()])
            rows.append(
                {
                    "end": end,
                    "token_id": token,
                    "shown": show(token),
                    "kind": kinds[token],
                    "area": area[column],
                    "predecessors": int(areas.n_past[column]),
                    "occurrences": int(counts.tokens[token]),
                    "joined": show(often, token),
                }
            )
    return pd.DataFrame(rows, columns=EXTREMES)


def best_of(extremes: pd.DataFrame, end: str) -> pd.DataFrame:
    """The rows at one end of `extremes` that are as good, or as bad, as its first."""
    return first(extremes[extremes["end"] == end], "area", largest=end == "best")


def all_equal(areas: pd.DataFrame) -> bool:
    """Whether all areas of `extremes`, or of heads, are the same."""
    return len(first(areas, "area")) == len(areas)


def token_curves(layer: AnyLayer, counts: Counts, token: int) -> pd.DataFrame:
    """`roc_curves` of one token with the area of each head, and a label that names both."""
    curves = roc_curves(layer, counts, token)
    area = auroc(layer, counts, [token]).area[:, 0]  # (H,)
    label = [f"{head} · {area[head]:.3f}" for head in curves["head"]]
    return curves.assign(area=area[curves["head"]], label=label)


def token_areas(curves: pd.DataFrame) -> pd.DataFrame:
    """The areas of `token_curves`. Columns: head, area."""
    return curves.drop_duplicates("head")[["head", "area"]]


def predecessors(layer: AnyLayer, counts: Counts, token: int, k: int) -> pd.DataFrame:
    """`predecessor_ranks` with the tokens made visible: adds shown and joined_shown."""
    table = predecessor_ranks(layer, counts, token, k=k)
    show = layer.tokenizer.show
    table.insert(1, "shown", [show(t) for t in table["token_id"]])
    table.insert(2, "joined_shown", [show(t, token) for t in table["token_id"]])
    return table


def typical_ranks(predecessors: pd.DataFrame) -> pd.DataFrame:
    """`predecessors` by head. Columns: head, rank (the geometric mean over them), n (of them)."""
    ranks = predecessors.filter(regex="^head_").melt(var_name="head", value_name="rank")
    return geometric_means(ranks.assign(head=ranks["head"].str.removeprefix("head_").astype(int)))
