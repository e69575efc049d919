"""The tables of detokenizing heads."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import Auroc, Convention, auroc
from detok.heads.curves import predecessor_ranks, roc_curves
from detok.heads.summary import auroc_by_kind, has_area
from detok.model.layer import Layer
from detok.tables.common import geometric_means, leader

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
    chance: float  # share of all V past tokens that are predecessors of one, on average over those

    @property
    def is_whole(self) -> bool:
        return self.n == self.vocab_size


def extent(areas: Auroc, counts: Counts) -> Extent:
    """Of which tokens an AUROC is."""
    seen = areas.n_past[areas.n_past > 0]
    return Extent(
        n=len(areas.tokens),
        vocab_size=counts.vocab_size,
        n_left_out=areas.n_left_out,
        n_left_out_of_all=counts.vocab_size - int(has_area(counts).sum()),
        n_seen=len(seen),
        chance=float(seen.mean()) / counts.vocab_size if len(seen) else np.nan,
    )


def best(summary: pd.DataFrame) -> pd.Series:
    """The row of `auroc_summary` of the head with the largest mean; others: the others' median."""
    return leader(summary, "mean")


def by_kind(areas: Auroc, kinds: np.ndarray, convention: Convention) -> pd.DataFrame:
    """`auroc_by_kind` with a label: the kind and its number of tokens."""
    table = auroc_by_kind(areas, kinds, convention)
    label = [f"{kind} ({n:,})" for kind, n in zip(table["kind"], table["n"], strict=True)]
    return table.assign(label=label)


def best_by_kind(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of `by_kind` with the largest mean of their kind, without those that have none."""
    table = table.dropna(subset="mean")
    return table.loc[table.groupby("kind", sort=False)["mean"].idxmax()]


def ranked(areas: Auroc, least: int) -> np.ndarray:
    """Which columns of `areas` have an AUROC and at least so many different predecessors."""
    return np.flatnonzero(areas.has_area & (areas.n_past >= least))


def extremes(
    layer: Layer, areas: Auroc, counts: Counts, kinds: np.ndarray, head: int, least: int
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


def token_curves(layer: Layer, counts: Counts, token: int) -> pd.DataFrame:
    """`roc_curves` of one token with the area of each head, and a label that names both."""
    curves = roc_curves(layer, counts, token)
    area = auroc(layer, counts, [token]).area[:, 0]  # (H,)
    label = [f"{head} · {area[head]:.3f}" for head in curves["head"]]
    return curves.assign(area=area[curves["head"]], label=label)


def token_areas(curves: pd.DataFrame) -> pd.DataFrame:
    """The areas of `token_curves`. Columns: head, area."""
    return curves.drop_duplicates("head")[["head", "area"]]


def predecessors(layer: Layer, counts: Counts, token: int, k: int) -> pd.DataFrame:
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
