"""The measures of all heads of one model or two, of which two heads are chosen."""

import numpy as np
import pandas as pd
import torch

from detok.counting.counts import Counts
from detok.model.any_layer import AnyLayer
from detok.model.layer import TERMS
from detok.tables import look_back
from detok.tables.common import array, first, geometric_means
from detok.tables.compare import Side

# How the measures of heads are called.
MEASURES = {
    "rank": "Previous piece",
    "pair_auroc": "Pair AUROC",
    "first_3": "In first 3",
    "near": "Nearest 5",
    "first": "Position 0",
    **{name: f"{name} (nats)" for name in (*TERMS, "be", "eb", "bb")},
}


def heads(
    layer: AnyLayer,
    i: int,
    counts: Counts | None = None,
    pairs: pd.DataFrame | None = None,
    nats: torch.Tensor | None = None,
    ranks: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What is known of each head, a row a head; the columns are of MEASURES, after head.

    near and first are attention of position i by place alone, `tables.look_back.heads` by the
    counts; `pairs` is `tables.heads.pairs`, `nats` (terms, H, n) the contributions in a text, of
    which the mean over the positions is given, and `ranks` is `typical_ranks` of a word.
    """
    summary = look_back.heads(layer, i, counts)
    reach = "last" if layer.is_causal else "nearest"
    columns: dict[str, np.ndarray] = {"head": np.arange(layer.n_heads)}
    if ranks is not None:
        columns["rank"] = ranks.sort_values("head")["rank"].to_numpy()
    if pairs is not None:
        columns["pair_auroc"] = pairs["mean"].to_numpy()
        columns["first_3"] = pairs["first_3"].to_numpy()
    columns["near"] = summary[f"mass_{reach}_5_at_{i}"].to_numpy()
    columns["first"] = summary[f"mass_first_at_{i}"].to_numpy()
    if nats is not None:
        columns |= dict(zip(layer.term_names, array(nats.mean(dim=2)), strict=True))
    return pd.DataFrame(columns)


def typical_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """`tables.affinity.piece_ranks` by head. Columns: head, rank (geometric mean), n (pairs)."""
    return geometric_means(ranks)


def best_heads(typical: pd.DataFrame) -> pd.DataFrame:
    """The rows of `typical_ranks` with the smallest rank."""
    return first(typical, "rank", largest=False)


def every(left: Side, right: Side, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """All heads of both models, a row a head.

    `tables` are of `heads`, one if both sides are of one model. Columns: side and model (that a
    head is of), head, chosen ("left", "right", "both" or "neither"), and the MEASURES there are.
    """
    sides = (left, right)[: len(tables)]
    parts = []
    for side, table in zip(sides, tables, strict=True):
        is_left = (table["head"] == left.head) & (side.layer is left.layer)
        is_right = (table["head"] == right.head) & (side.layer is right.layer)
        chosen = np.select(
            [is_left & is_right, is_left, is_right], ["both", "left", "right"], default="neither"
        )
        of = pd.DataFrame({"side": side.name, "model": side.layer.name, "head": table["head"]})
        parts.append(pd.concat([of.assign(chosen=chosen), table.drop(columns="head")], axis=1))
    table = pd.concat(parts, ignore_index=True)
    return table[[*of, "chosen", *(name for name in MEASURES if name in table)]]


def measures(every: pd.DataFrame) -> list[str]:
    """Those of MEASURES that heads of each model have."""
    has_any = every.groupby("side").count() > 0
    return [name for name in MEASURES if name in every and has_any[name].all()]


def measured(every: pd.DataFrame, measure: str) -> pd.DataFrame:
    """One measure of all heads, without those that have none.

    Columns: side, model, head, chosen, value.
    """
    table = every[["side", "model", "head", "chosen", measure]]
    return table.rename(columns={measure: "value"}).dropna(ignore_index=True)


def of_side(every: pd.DataFrame, side: str) -> pd.DataFrame:
    """The heads of one model to be read: head, chosen (empty for neither), and what it has."""
    table = every[every["side"] == side].drop(columns=["side", "model"])
    chosen = table["chosen"].replace("neither", "")
    return table.assign(chosen=chosen).dropna(axis="columns", how="all").reset_index(drop=True)
