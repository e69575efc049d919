"""Ranks of a few values among many, exactly and without sorting the many."""

import numpy as np

from detok.heads.bins import Bins, ordinals, sorted_in_rows


class Ranks(Bins):
    """Ranks of chosen values within rows of V values, by bins and a sort of what is near them."""

    def __call__(
        self, rows: np.ndarray, row: np.ndarray, column: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each chosen value of its row: others below, others at most equal, and all above it.

        `rows` (R, V) are finite; the n chosen values are rows[row, column], each once, in any
        order. "Others" are the values of the row that are not chosen. All results are (n,) int64.
        """
        R, V = rows.shape
        chosen = row * V + column  # (n,)
        bins = self.of(rows)  # (R · V,)
        own = bins[chosen]  # (n,)
        sizes = np.bincount(bins, minlength=R * self.n_bins)
        marked = np.zeros(R * self.n_bins, dtype=bool)
        marked[own] = True
        is_near = self.marked(bins, marked)
        near = np.flatnonzero(is_near)  # what is in a marked bin, ascending
        is_near[chosen] = False
        # By row, then by value; of equal values the chosen come before the others.
        values = rows.ravel()
        of_near, of_chosen = ordinals(values[near], values[chosen])
        in_row = near // V
        codes = (in_row << 33) + (of_near << 1) + is_near[near]
        codes = sorted_in_rows(codes, np.bincount(in_row, minlength=R))
        wanted = (row << 33) + (of_chosen << 1)  # (n,)
        left = np.searchsorted(codes, wanted)
        has_ties = (codes[1:] >> 1 == codes[:-1] >> 1).any()
        right = np.searchsorted(codes, wanted + 1, side="right") if has_ties else left + 1
        # Those in other bins are counted by the bin. All V of each row before are counted too.
        sizes[marked] = 0
        before = np.cumsum(sizes)[own] - row * V  # (n,)
        n_chosen = np.append(0, np.cumsum(~codes & 1))  # among the codes before each place
        first = np.append(0, np.cumsum(np.bincount(row, minlength=R)))[row]  # in the rows before
        others_below = before + left - (n_chosen[left] - first)
        others_at_most = before + right - (n_chosen[right] - first)
        return others_below, others_at_most, V - (before + right)
