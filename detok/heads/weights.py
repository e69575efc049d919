"""The weight of what is below a few values among many, exactly and without sorting the many."""

import numpy as np
import torch

from detok.heads.bins import Bins, ordinals, sorted_in_rows

# Columns that have room in one integer beside a row and a value's ordinal.
COLUMN_BITS = 18


class Weights(Bins):
    """How much weight of a row is below chosen values, where every column has a weight.

    As `Ranks`, with weights that are added up in place of values that are counted.
    """

    def __call__(
        self, rows: np.ndarray, row: np.ndarray, column: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """Twice the weight below each chosen value plus that of all equal to it: (n,) float64.

        A value counts among those equal to it, so that a tie is half of one. `rows` (R, V) are
        finite; the n chosen values are rows[row, column], in any order; `weights` (R or more, V)
        float64 holds the columns' weights in every row. Exact for integers below 2⁵³.
        """
        R, V = rows.shape
        chosen = row * V + column  # (n,)
        bins = self.of(rows)  # (R · V,)
        own = bins[chosen]  # (n,)
        sums = torch.bincount(
            torch.from_numpy(bins),
            weights=torch.from_numpy(weights[:R].reshape(-1)),  # (R · V,)
            minlength=R * self.n_bins,
        ).numpy()
        marked = np.zeros(R * self.n_bins, dtype=bool)
        marked[own] = True
        near = np.flatnonzero(self.marked(bins, marked))  # ascending
        values = rows.ravel()
        of_near, of_chosen = ordinals(values[near], values[chosen])
        in_row, in_column = np.divmod(near, V)
        keys, columns = _sorted(in_row, of_near, in_column, R, V)
        wanted = (row << 32) + of_chosen  # (n,)
        left = np.searchsorted(keys, wanted)
        has_ties = (keys[1:] == keys[:-1]).any()
        right = np.searchsorted(keys, wanted, side="right") if has_ties else left + 1
        # What is in other bins is added up by the bin, with all of each row before.
        sums[marked] = 0
        total = np.append(0, np.cumsum(weights[0][columns]))
        before = np.cumsum(sums)
        starts = np.append(0, before[self.n_bins - 1 :: self.n_bins])[row]  # of its row
        first = total[np.searchsorted(keys, np.arange(R) << 32)][row]
        return 2 * (before[own] - starts - first) + total[left] + total[right]


def _sorted(
    row: np.ndarray, ordinal: np.ndarray, column: np.ndarray, n_rows: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row << 32 | ordinal ascending, and the columns in that order; the rows already ascend."""
    key = (row << 32) + ordinal
    if width > 1 << COLUMN_BITS or n_rows > 1 << 63 - 32 - COLUMN_BITS:
        order = np.argsort(key, kind="stable")
        return key[order], column[order]
    codes = sorted_in_rows((key << COLUMN_BITS) + column, np.bincount(row, minlength=n_rows))
    return codes >> COLUMN_BITS, codes & (1 << COLUMN_BITS) - 1
