"""The tables of the overview."""

from pathlib import Path

import numpy as np
import pandas as pd

from detok.errors import InputError
from detok.model.regular import of_checkpoint
from detok.tables.common import leader

# Bytes of emergence.csv at most: some hundred steps of some hundred heads.
MAX_HISTORY = 4 << 20
_WHOLE = ["step", "tokens", "head"]
_SHARES = ["pair_auroc", "auroc", "first_3", "mass_last_5"]
_NUMBERS = [*_WHOLE, "held_out_loss", *_SHARES]


def history(path: Path) -> pd.DataFrame:
    """What a file beside a model says of its heads in training, one row a step and head.

    Columns: those that are shown, see `growth`; whatever else the file has.

    Raises: InputError if it is none that training wrote, or damaged.
    """
    of_checkpoint(path, MAX_HISTORY)
    try:
        table = pd.read_csv(path)
        if missing := [name for name in _NUMBERS if name not in table]:
            raise _damaged(path, f"it has no {' or '.join(missing)}")
        values = table[_NUMBERS].to_numpy(dtype=float)
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise _damaged(path, " ".join(str(error).split())) from error
    whole, shares = table[_WHOLE].to_numpy(dtype=float), table[_SHARES].to_numpy(dtype=float)
    if not len(table):
        raise _damaged(path, "it has no rows")
    if not np.isfinite(values).all():
        raise _damaged(path, "a number is missing")
    if (whole < 0).any() or (whole > 1e15).any() or (whole % 1).any():
        raise _damaged(path, f"{', '.join(_WHOLE)} are not whole numbers from 0")
    if (shares < 0).any() or (shares > 1).any():
        raise _damaged(path, f"{', '.join(_SHARES)} are not from 0 to 1")
    if (
        len(table) != table["step"].nunique() * table["head"].nunique()
        or table.duplicated(["step", "head"]).any()
    ):
        raise _damaged(path, "not every step has every head once")
    return table.assign(**dict(zip(_NUMBERS, values.T, strict=True))).astype(
        dict.fromkeys(_WHOLE, int)
    )


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is not what training wrote ({why}); expected a row a step and head, with "
        f"{', '.join(_NUMBERS)}"
    )


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
