"""From a token to its queries or keys in every head, before they are turned."""

import math
from dataclasses import dataclass

import torch

from detok.model.families.family import Norm

ALL = slice(None)


@dataclass(frozen=True, eq=False)
class HeadNorm:
    """The norm of queries or keys: it depends on the token alone, for it comes before the turn."""

    weight: torch.Tensor  # (H, d')
    bias: torch.Tensor | None  # (H, d')
    eps: float
    is_over_all: bool  # one divisor for all heads of a token, not one for each

    def divisor(self, y: torch.Tensor) -> torch.Tensor:
        """σ of centred vectors (H, n, d'): (H, n, 1), or (1, n, 1)."""
        mean = y.square().mean(dim=(0, 2) if self.is_over_all else 2, keepdim=True)
        return mean.add_(self.eps).sqrt_()

    def __call__(self, y: torch.Tensor, heads: slice) -> torch.Tensor:
        """The norm of the vectors of some heads; of all of them, where they share a divisor."""
        y = y / self.divisor(y) * self.weight[heads, None]
        return y if self.bias is None else y + self.bias[heads, None]


@dataclass(frozen=True, eq=False)
class Projection:
    """Queries or keys of tokens, x W' + b' or the norm of it, with the first norm folded in.

    x is e/σ, centred where the first norm is LayerNorm. Coordinates are in the order of
    `pairs_apart`, and those that are turned are multiplied by what the rotation multiplies them by.
    """

    W: torch.Tensor  # (H, d, d')
    b: torch.Tensor | None  # (H, d'); None if neither the projection nor the first norm has a bias
    norm: HeadNorm | None

    @classmethod
    def of(
        cls,
        W: torch.Tensor,
        b: torch.Tensor | None,
        n_heads: int,
        first_norm: Norm | None,
        norm: Norm | None,
        order: torch.Tensor,
        factor: torch.Tensor,
        device: torch.device,
        dtype: torch.dtype,
    ) -> "Projection":
        """Folds W (d, H·d') and b (H·d',) in float64; `order` and `factor` (d',) of coordinates."""
        W, b = W.double(), None if b is None else b.double()
        if first_norm is not None:
            if first_norm.bias is not None:
                b = first_norm.bias.double() @ W + (0 if b is None else b)
            W = first_norm.weight.double()[:, None] * W
            W = W - W.mean(dim=0) if first_norm.is_centred else W
        W = W.unflatten(1, (n_heads, -1)).transpose(0, 1)  # (H, d, d')
        b = None if b is None else b.unflatten(0, (n_heads, -1))  # (H, d')

        def final(x: torch.Tensor | None, factor: torch.Tensor | float = factor) -> torch.Tensor:
            return None if x is None else (x[..., order] * factor).to(dtype).to(device)

        if norm is None:
            return cls(final(W), final(b), None)
        if norm.is_centred:
            W = W - W.mean(dim=2, keepdim=True)
            b = None if b is None else b - b.mean(dim=1, keepdim=True)
        own = HeadNorm(
            weight=final(_by_head(norm.weight, n_heads, W.shape[2])),
            bias=None if norm.bias is None else final(_by_head(norm.bias, n_heads, W.shape[2])),
            eps=norm.eps,
            is_over_all=norm.weight.shape == (n_heads * W.shape[2],),
        )
        return cls(final(W, 1.0), final(b, 1.0), own)

    @property
    def bias(self) -> torch.Tensor | None:
        """The part of every vector that is no token's, (H, d'); a norm leaves none."""
        return self.b if self.norm is None else None

    def bound(self, length: float) -> float:
        """What no coordinate of a vector can exceed, of x no longer than this; ∞ or NaN if none."""
        columns = torch.stack([W.double().norm(dim=0).max() for W in self.W])  # (H,)
        most = length * columns.max().item() + largest(self.b)
        if self.norm is None:
            return most
        n = self.norm.weight.numel() if self.norm.is_over_all else self.norm.weight.shape[1]
        if not n * most * most < torch.finfo(self.W.dtype).max:  # what its divisor is made of
            return math.inf
        return n**0.5 * largest(self.norm.weight) + largest(self.norm.bias)

    def __call__(self, x: torch.Tensor, heads: slice = ALL) -> torch.Tensor:
        """The part of the vectors that is the tokens', (heads, n, d'), of x (n, d).

        With a norm it is all of them.
        """
        needed = ALL if self.norm is not None and self.norm.is_over_all else heads
        y = x @ self.W[needed]  # (heads, n, d')
        if self.norm is None:
            return y
        y = self.norm(y if self.b is None else y + self.b[needed, None], needed)
        return y if needed == heads else y[heads]


def _by_head(values: torch.Tensor, n_heads: int, d_head: int) -> torch.Tensor:
    """Weights (d',), (H, d') or (H·d',) by head, (H, d')."""
    values = values.double()
    if values.numel() == d_head:
        return values.expand(n_heads, d_head)
    return values.reshape(n_heads, d_head)


def largest(values: torch.Tensor | None) -> float:
    """The largest absolute value of a tensor, or 0 of none."""
    return 0.0 if values is None else max(values.max().item(), -values.min().item())
