"""The tables of the overview."""

import pandas as pd

from detok.tables.common import leader


def peak(growth: pd.DataFrame) -> pd.Series:
    """The row of `growth` in which a head had the highest pair AUROC of all."""
    return growth.loc[growth["highest"].idxmax()]


def fallen(history: pd.DataFrame) -> pd.DataFrame:
    """The heads by how far the pair AUROC fell from its highest in training, the furthest first.

    `history` as of `growth`. Columns: head, highest, last, fell.
    """
    by_head = history.sort_values("step", kind="stable").groupby("head")["pair_auroc"]
    table = by_head.agg(highest="max", last="last").reset_index()
    table["fell"] = table["highest"] - table["last"]
    return table.sort_values("fell", ascending=False, kind="stable", ignore_index=True)


def growth(history: pd.DataFrame) -> pd.DataFrame:
    """How the heads came to detokenize in training, one row a step in its order.

    `history` has a row a step and head, with the pair AUROC. Columns: step, tokens (seen in
    training), held_out_loss, lowest and highest (pair AUROC), head (that has the highest), others
    (the median of the other heads), first_3 (the largest share of tokens whose true predecessor a
    head has among its first three).
    """
    rows = []
    for step, heads in history.groupby("step"):
        best = leader(heads, "pair_auroc")
        rows.append(
            {
                "step": step,
                "tokens": best["tokens"],
                "held_out_loss": best["held_out_loss"],
                "lowest": heads["pair_auroc"].min(),
                "highest": best["pair_auroc"],
                "head": int(best["head"]),
                "others": best["others"],
                "first_3": heads["first_3"].max(),
            }
        )
    return pd.DataFrame(rows)
