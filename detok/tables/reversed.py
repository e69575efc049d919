"""The tables of reversed attention: the gradient R of the loss at every head's scores."""

import numpy as np
import pandas as pd

from detok.model.layer import Layer
from detok.tables.common import array, cells, first, long
from detok.tables.text import pairs_of, visible
from detok.whole.reversed import Patched, ReversedAttention
from detok.whole.run import Run

# Each is a pass through all layers. Both signs of sizes a factor of 10 apart, as how little a
# change has to be depends on the model and the text; more where the loss may turn.
ETAS = (-100.0, -30.0, -10.0, -3.0, -1.0, -0.1, 0.0, 0.1, 1.0, 10.0, 100.0)
STRONGEST = 10


def norms(found: ReversedAttention) -> pd.DataFrame:
    """How much every head does, forward and in reverse.

    Columns: layer, head, forward (‖A‖), reversed (‖R‖), share (of the sum of ‖R‖ over all heads;
    0 where that is 0).
    """
    B, H = found.norms.shape
    axes = {"layer": range(B), "head": range(H)}
    table = long(axes, forward=array(found.forward_norms), reversed=array(found.norms))
    return table.assign(share=table["reversed"] / (table["reversed"].sum() or 1.0))


def largest(norms: pd.DataFrame, column: str) -> pd.DataFrame:
    """The heads of `norms` whose norm in a column is the largest: several where they tie."""
    return first(norms, column)


def even_norm(n: int) -> float:
    """‖A‖ of attention that is spread evenly over the tokens that i sees, for n tokens."""
    return float(np.sqrt((1 / np.arange(1, n + 1)).sum()))


def pairs(layer: Layer, run: Run, found: ReversedAttention, number: int, head: int) -> pd.DataFrame:
    """A and R of one head for every pair of tokens with j ≤ i.

    Columns: i, j, token_id_i, token_id_j, current, past (labels), attention (A), reversed (R, of
    unscaled scores).
    """
    seen = visible(layer, run.n)
    columns = cells({"i": range(run.n), "j": range(run.n)}, seen)
    columns |= pairs_of(layer, run.ids.tolist(), columns)
    columns["attention"] = array(run.attention[number, head])[seen]
    columns["reversed"] = array(found.R[number, head])[seen]
    return pd.DataFrame(columns)


def window(pairs: pd.DataFrame, window: range) -> pd.DataFrame:
    """The pairs of a window of the text."""
    inside = pairs["i"].isin(window) & pairs["j"].isin(window)
    return pairs[inside].reset_index(drop=True)


def strongest(pairs: pd.DataFrame, k: int = STRONGEST) -> pd.DataFrame:
    """The k pairs with the largest |R|, the largest first, as far as R is not 0.

    Columns: rank, and those of `pairs`.
    """
    some = pairs[pairs["reversed"] != 0]
    by_size = some["reversed"].abs().sort_values(ascending=False, kind="stable").index[:k]
    table = some.loc[by_size].reset_index(drop=True)
    table.insert(0, "rank", table.index + 1)
    return table


def one(pairs: pd.DataFrame, i: int | None = None, j: int | None = None) -> pd.Series:
    """The pair (i, j) of `pairs`; of what is not given, that with the largest |R|."""
    some = pairs if i is None else pairs[pairs["i"] == i]
    some = some if j is None else some[some["j"] == j]
    return some.loc[some["reversed"].abs().idxmax()]


def share(some: pd.DataFrame, pairs: pd.DataFrame) -> tuple[float, int]:
    """The part of Σ|R| over all pairs that some of them have, and how many have an R but 0."""
    sizes = pairs["reversed"].abs()
    return float(some["reversed"].abs().sum() / (sizes.sum() or 1.0)), int((sizes > 0).sum())


def patching(patched: Patched, target: int) -> pd.DataFrame:
    """The probability of the target with attention A + η R, by η.

    Columns: eta, probability, loss (−log of it, in nats).
    """
    log_probs = array(patched.log_probs[:, target])
    table = pd.DataFrame(
        {"eta": array(patched.etas), "probability": np.exp(log_probs), "loss": -log_probs}
    )
    return table.sort_values("eta", ignore_index=True)


def lowered(patching: pd.DataFrame) -> pd.DataFrame:
    """The negative η, nearest to 0 first, and whether each lowers the loss below that at 0.

    Columns: eta, probability, loss, is_lower.
    """
    (as_it_is,) = patching.loc[patching["eta"] == 0, "loss"]
    below = patching[patching["eta"] < 0].iloc[::-1].reset_index(drop=True)
    return below.assign(is_lower=below["loss"] < as_it_is)
