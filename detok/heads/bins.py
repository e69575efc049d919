"""Rows of many values, counted into bins in which they keep their order instead of sorted."""

import numpy as np
import torch

# Bins a row, and values in one of them on average if the row has fewer than their product. More
# bins leave fewer values to sort and take longer to add up.
MAX_BINS, BIN_SIZE = 1 << 13, 2


class Bins:
    """Bins of equal width for rows of V values, with memory that is used again every call.

    Only the values that share a bin with a chosen one need sorting: few, if few are chosen. For
    CPUs; one thread may call it at a time.
    """

    def __init__(self, n_rows: int, width: int, dtype: np.dtype) -> None:
        """For at most `n_rows` rows at a time, of `width` values each."""
        self.scaled = np.empty((n_rows, width), dtype)
        self.bins = np.empty((n_rows, width), np.int32)
        self.near = np.empty(n_rows * width, dtype=bool)
        self.n_bins = max(4, min(MAX_BINS, width // BIN_SIZE))
        # The first bin of each row. Float32 holds it exactly below 2^24: 1,024 rows.
        self.first = (np.arange(n_rows) * self.n_bins)[:, None].astype(dtype)  # (rows, 1)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The bin of each value of finite rows (R, V), counted on from row to row: (R · V,)."""
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
        return bins.ravel()

    def marked(self, bins: np.ndarray, marked: np.ndarray) -> np.ndarray:
        """Which values are in a marked bin, (R · V,) bool, by their `bins` and the marks of all."""
        is_near = self.near[: len(bins)]
        # With torch, which takes 32-bit indices as they are.
        keys = torch.from_numpy(bins)
        torch.index_select(torch.from_numpy(marked), 0, keys, out=torch.from_numpy(is_near))
        return is_near


def sorted_in_rows(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Integers sorted within each of R rows that lie one after another, given their sizes (R,)."""
    is_there = np.arange(sizes.max()) < sizes[:, None]  # (R, longest)
    padded = np.full(is_there.shape, np.iinfo(values.dtype).max)
    padded[is_there] = values
    padded.sort(axis=1)
    return padded[is_there]


def ordinals(values: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers from 0 to 2³² − 1 in the order of both arrays' values, equal for equal ones."""
    if values.dtype != np.float32:
        both = np.unique(np.concatenate([values, chosen]), return_inverse=True)[1]
        return both[: len(values)], both[len(values) :]
    return _bits(values), _bits(chosen)


def _bits(values: np.ndarray) -> np.ndarray:
    bits = (values + np.float32(0)).view(np.int32).astype(np.int64)  # + 0 makes 0 of −0
    return (bits ^ (bits >> 31 & 0x7FFFFFFF)) + (1 << 31)
