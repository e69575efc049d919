"""The tables of the overview."""

import pandas as pd

from detok.tables.common import leader


def growth(history: pd.DataFrame) -> pd.DataFrame:
    """How the heads came to detokenize in training, one row a step in its order.

    `history` has a row a step and head, with the AUROC. Columns: step, tokens (seen in training),
    held_out_loss, lowest and highest (AUROC), head (that has the highest), others (the median of
    the other heads).
    """
    rows = []
    for step, heads in history.groupby("step"):
        best = leader(heads, "auroc")
        rows.append(
            {
                "step": step,
                "tokens": best["tokens"],
                "held_out_loss": best["held_out_loss"],
                "lowest": heads["auroc"].min(),
                "highest": best["auroc"],
                "head": int(best["head"]),
                "others": best["others"],
            }
        )
    return pd.DataFrame(rows)
