"""ALiBi (Press et al. 2022): a score loses so much, its slope, for each token of distance."""

import math

import torch


def slopes(n_heads: int) -> torch.Tensor:
    """What each head's score, as softmax takes it, loses for a token of distance: (H,) float64.

    2^(−8k/N), k = 1 … N, with N the power of two from H on: where that is more than H, first those
    of even k, and of the others as many as are wanting.
    """
    N = 2 ** math.ceil(math.log2(n_heads))
    found = 2.0 ** (-8 / N * torch.arange(1, N + 1, dtype=torch.float64))
    return found if n_heads == N else torch.cat([found[1::2], found[::2]])[:n_heads]


def no_frequencies() -> tuple[torch.Tensor, float]:
    """Of no pairs of coordinates."""
    return torch.empty(0), 1.0
