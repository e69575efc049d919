"""What several tables are made with."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch

from detok.model.layer import Layer
from detok.scores.positions import ROUNDING

MAX_POINTS = 3000  # tokens drawn


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.cpu().double().numpy()


def long(axes: dict[str, Iterable], **values: np.ndarray) -> pd.DataFrame:
    """Arrays of one shape as a long table, a row a cell, in the order of the axes.

    `axes` are the names of the axes with the labels along each.
    """
    shape = next(iter(values.values())).shape
    return pd.DataFrame(cells(axes, np.ones(shape, dtype=bool), **values))


def cells(
    axes: dict[str, Iterable], where: np.ndarray, **values: np.ndarray
) -> dict[str, np.ndarray]:
    """The columns of `long`, of those cells only where an array of the same shape is True."""
    labels = {
        name: np.array(list(along))[place]
        for (name, along), place in zip(axes.items(), where.nonzero(), strict=True)
    }
    return labels | {name: array[where] for name, array in values.items()}


def sampled(table: pd.DataFrame, layer: Layer, limit: int = MAX_POINTS) -> pd.DataFrame:
    """Every n-th token by falling frequency, at most `limit`, with the tokens shown."""
    step = -(-len(table) // limit) or 1
    part = table.iloc[::step]
    return part.assign(token=[layer.tokenizer.show(t) for t in part["token_id"]])


def geometric_means(ranks: pd.DataFrame) -> pd.DataFrame:
    """Ranks (columns head and rank) by head: the geometric mean of each as rank, and n of them."""
    logs = np.log(ranks["rank"]).groupby(ranks["head"])
    table = pd.DataFrame({"rank": np.exp(logs.mean()), "n": logs.size()})
    return table.reset_index(names="head")


def leader(table: pd.DataFrame, column: str) -> pd.Series:
    """The row of the head that is best by a column, and as others the median of the other heads."""
    ordered = table.sort_values(column, ascending=False, kind="stable")
    return pd.concat([ordered.iloc[0], pd.Series({"others": ordered[column].iloc[1:].median()})])


def leaders(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of the heads that are best by a column (`first`), none of a column of NaN.

    Another column, others: the median of the other heads, NaN if there are none.
    """
    best = first(table, column)
    return best.assign(others=table[column].drop(best.index).median())


def first(table: pd.DataFrame, column: str, *, largest: bool = True) -> pd.DataFrame:
    """The rows that are best by a column: several where they differ by no more than rounding."""
    values = table[column] if largest else -table[column]
    return table[values >= values.max() - ROUNDING * values.abs().max()]
