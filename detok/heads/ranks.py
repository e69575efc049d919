"""Ranks of a few values among many, exactly and without sorting the many."""

import numpy as np
import torch

# Bins a row, and values in one of them on average if the row has fewer than their product. More
# bins leave fewer values to sort and take longer to add up.
MAX_BINS, BIN_SIZE = 1 << 13, 2


class Ranks:
    """Ranks of chosen values within rows of V values, with memory that is used again every call.

    Every row is counted into bins of equal width, in which values keep their order. Only the values
    that share a bin with a chosen one are sorted: few, if few are chosen. For CPUs; one thread may
    call it at a time.
    """

    def __init__(self, n_rows: int, width: int, dtype: np.dtype) -> None:
        """For at most `n_rows` rows at a time, of `width` values each."""
        self.scaled = np.empty((n_rows, width), dtype)
        self.bins = np.empty((n_rows, width), np.int32)
        self.near = np.empty(n_rows * width, dtype=bool)
        self.n_bins = max(4, min(MAX_BINS, width // BIN_SIZE))
        # The first bin of each row. Float32 holds it exactly below 2^24: 1,024 rows.
        self.first = (np.arange(n_rows) * self.n_bins)[:, None].astype(dtype)  # (rows, 1)

    def __call__(
        self, rows: np.ndarray, row: np.ndarray, column: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each chosen value of its row: others below, others at most equal, and all above it.

        `rows` (R, V) are finite; the n chosen values are rows[row, column], each once, in any
        order. "Others" are the values of the row that are not chosen. All results are (n,) int64.
        """
        R, V = rows.shape
        chosen = row * V + column  # (n,)
        bins = self._bins(rows).ravel()  # (R · V,)
        own = bins[chosen]  # (n,)
        sizes = np.bincount(bins, minlength=R * self.n_bins)
        marked = np.zeros(R * self.n_bins, dtype=bool)
        marked[own] = True
        is_near = self.near[: R * V]
        # With torch, which takes 32-bit indices as they are.
        keys = torch.from_numpy(bins)
        torch.index_select(torch.from_numpy(marked), 0, keys, out=torch.from_numpy(is_near))
        near = np.flatnonzero(is_near)  # what is in a marked bin, ascending
        is_near[chosen] = False
        # By row, then by value; of equal values the chosen come before the others.
        values = rows.ravel()
        of_near, of_chosen = _ordinals(values[near], values[chosen])
        in_row = near // V
        codes = (in_row << 33) + (of_near << 1) + is_near[near]
        codes = _sorted_in_rows(codes, np.bincount(in_row, minlength=R))
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

    def _bins(self, rows: np.ndarray) -> np.ndarray:
        R = len(rows)
        low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)  # (R, 1)
        scaled, bins = self.scaled[:R], self.bins[:R]
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            scale = (self.n_bins - 2) / (high - low)  # (R, 1)
            np.subtract(rows, low, out=scaled)
            scaled *= scale
        # All values of the row are equal, or nearly so, or too far apart for their type.
        scaled[~(np.isfinite(scale) & (scale > 0))[:, 0]] = 0
        scaled += self.first[:R]
        np.copyto(bins, scaled, casting="unsafe")
        return bins


def _sorted_in_rows(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Integers sorted within each of R rows that lie one after another, given their sizes (R,)."""
    is_there = np.arange(sizes.max()) < sizes[:, None]  # (R, longest)
    padded = np.full(is_there.shape, np.iinfo(values.dtype).max)
    padded[is_there] = values
    padded.sort(axis=1)
    return padded[is_there]


def _ordinals(values: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers from 0 to 2³² − 1 in the order of both arrays' values, equal for equal ones."""
    if values.dtype != np.float32:
        both = np.unique(np.concatenate([values, chosen]), return_inverse=True)[1]
        return both[: len(values)], both[len(values) :]
    return _bits(values), _bits(chosen)


def _bits(values: np.ndarray) -> np.ndarray:
    bits = (values + np.float32(0)).view(np.int32).astype(np.int64)  # + 0 makes 0 of −0
    return (bits ^ (bits >> 31 & 0x7FFFFFFF)) + (1 << 31)
