"""The tables of the backward lens."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from detok.tables.common import array, long
from detok.tables.text import labels
from detok.whole.lens import BackwardLens, Matrix

End = Literal["least", "most"]
NEAR = 10  # ranks near the end of which they are counted


def cells(lens: BackwardLens, matrix: Matrix) -> pd.DataFrame:
    """The gradient of an MLP matrix by layer and position, and the target's rank in what is read.

    Columns: layer, position, token_id, token (label), norm (of the VJP δ_i at the matrix's output),
    and the ranks of the target: of LL(δ_i) for the second matrix least_rank (1: least probable) and
    most_rank (1: most probable), of LL(x_i) for the first the latter. NaN where the norm is 0.
    """
    if matrix == "second":
        norms = lens.second_norms
        ranks = {"least_rank": lens.least_ranks, "most_rank": lens.most_ranks}
    else:
        norms, ranks = lens.first_norms, {"most_rank": lens.input_ranks}
    B, n = norms.shape
    values = {name: array(of) for name, of in {"norm": norms, **ranks}.items()}  # (B, n) each
    table = long({"layer": range(B), "position": range(n)}, **values)
    ids = lens.run.ids.tolist()
    at = table["position"].to_numpy()
    table.insert(2, "token_id", np.array(ids)[at])
    table.insert(3, "token", labels(lens.run.model, ids)[at])
    table[list(ranks)] = table[list(ranks)].where(table["norm"] > 0)
    return table


def largest(cells: pd.DataFrame) -> tuple[int, int]:
    """The layer and position of the largest norm; the first of them that are equal."""
    best = cells.loc[cells["norm"].idxmax()]
    return int(best["layer"]), int(best["position"])


@dataclass(frozen=True)
class Near:
    """In how many cells the target is near one end of the vocabulary."""

    first: int  # ranks that count as near
    n_near: int  # cells with the target among these
    n_told: int  # cells with a gradient
    n_cells: int
    by_chance: float  # cells that chance would give


def near(cells: pd.DataFrame, end: End, vocab_size: int) -> Near:
    """How often the target is among the first of that end, "least" or "most" probable."""
    first, told = min(NEAR, vocab_size), cells[cells["norm"] > 0]
    n_near = int((told[f"{end}_rank"] <= first).sum())
    return Near(first, n_near, len(told), len(cells), len(told) * first / vocab_size)


def tokens(
    lens: BackwardLens, layer: int, position: int, matrix: Matrix, k: int = 10
) -> pd.DataFrame:
    """The k most and the k least probable tokens of a cell; none where its norm is 0.

    Columns: end ("least" or "most"), rank (1: least, or most, probable), token_id, shown,
    probability, is_target.
    """
    most, least = lens.tokens(layer, position, k, matrix)
    rows = [
        (end, rank, token, probability)
        for end, found in (("least", least), ("most", most))
        for rank, (token, probability) in enumerate(found, start=1)
    ]
    table = pd.DataFrame(rows, columns=["end", "rank", "token_id", "probability"])
    show = lens.run.model.tokenizer.show
    table.insert(3, "shown", np.array([show(token) for token in table["token_id"]], dtype=object))
    return table.assign(is_target=table["token_id"] == lens.run.target)
