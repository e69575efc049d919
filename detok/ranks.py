"""Ranks of a few values among many, exactly and without sorting the many."""

import numpy as np
import torch

# Bins a row. More of them leave fewer values to sort and take longer to add up.
BINS = 1 << 14


class Ranks:
    """Ranks of chosen values within rows of V values, with memory that is used again every call.

    Every row is counted into bins of equal width, in which values keep their order. Only the values
    that share a bin with a chosen one are sorted: few, if few are chosen. Sorting whole rows takes
    several times as long, and so does asking the system for new memory. For CPUs; one thread may
    call it at a time.
    """

    def __init__(self, n_rows: int, width: int, dtype: np.dtype) -> None:
        """For at most `n_rows` rows at a time, of `width` values each."""
        self.scaled = np.empty((n_rows, width), dtype)
        self.bins = np.empty((n_rows, width), np.int32)
        self.near = np.empty(n_rows * width, dtype=bool)
        # The first bin of each row. Float32 holds it exactly below 2^24: 2,048 rows.
        self.first = (np.arange(n_rows) * BINS)[:, None].astype(dtype)  # (rows, 1)

    def __call__(
        self, rows: np.ndarray, row: np.ndarray, column: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How many values of its row are below each chosen one, and how many at most equal to it.

        `rows` (R, V) are finite; the n chosen values are rows[row, column], in any order. Both
        results are (n,) int64; they differ by how often the value occurs.
        """
        R, V = rows.shape
        chosen = row * V + column  # (n,)
        bins = self._bins(rows).ravel()  # (R · V,)
        own = bins[chosen]  # (n,)
        # These two are faster in torch than in numpy.
        sizes = torch.bincount(torch.from_numpy(bins), minlength=R * BINS).numpy()
        marked = np.zeros(R * BINS, dtype=bool)
        marked[own] = True
        is_near = torch.from_numpy(self.near[: R * V])
        torch.index_select(torch.from_numpy(marked), 0, torch.from_numpy(bins), out=is_near)
        near = np.flatnonzero(is_near.numpy())  # what is in a marked bin, ascending
        codes = (near // V << 32) + _ordinals(rows.ravel()[near])  # by row, then by value
        wanted = codes[np.searchsorted(near, chosen)]  # (n,)
        codes.sort()
        # The others are counted by the bin. All V values of each row before are counted too.
        sizes[marked] = 0
        before = np.cumsum(sizes)[own] - row * V  # (n,)
        below = np.searchsorted(codes, wanted)
        at_most = np.searchsorted(codes, wanted, side="right")
        return below + before, at_most + before

    def _bins(self, rows: np.ndarray) -> np.ndarray:
        R = len(rows)
        low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)  # (R, 1)
        with np.errstate(divide="ignore", over="ignore"):
            scale = (BINS - 2) / (high - low)  # (R, 1)
        scale[~np.isfinite(scale)] = 0  # all values of the row are equal, or nearly so
        scaled, bins = self.scaled[:R], self.bins[:R]
        np.subtract(rows, low, out=scaled)
        scaled *= scale
        scaled += self.first[:R]
        np.copyto(bins, scaled, casting="unsafe")
        return bins


def _ordinals(values: np.ndarray) -> np.ndarray:
    """Integers from 0 to 2³² − 1 in the order of the values, equal where they are equal."""
    if values.dtype != np.float32:
        return np.unique(values, return_inverse=True)[1]
    bits = (values + np.float32(0)).view(np.int32).astype(np.int64)  # + 0 makes 0 of −0
    return (bits ^ (bits >> 31 & 0x7FFFFFFF)) + (1 << 31)
