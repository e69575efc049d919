"""One head, or all of them where it is None, as a figure takes either."""

import pandas as pd

from detok.model.any_layer import AnyLayer


def numbers_of(layer: AnyLayer, head: int | None) -> list[int]:
    """The heads that are shown."""
    return list(range(layer.n_heads)) if head is None else [head]


def rows_of(table: pd.DataFrame, head: int | None) -> pd.DataFrame:
    """Those of a table with the column head."""
    return table if head is None else table[table["head"] == head]


def rows_in_code(head: int | None) -> list[str]:
    """The statement that takes them, if it changes anything."""
    return [] if head is None else [f'table = table[table["head"] == {head}]']


def in_title(head: int | None) -> str:
    """What stands at the end of a title."""
    return ", every head" if head is None else f", head {head}"
