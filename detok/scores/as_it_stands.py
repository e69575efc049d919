"""A first layer's queries and keys computed as the model does, nothing folded, nothing expanded."""

from functools import singledispatch

import torch
from torch.nn.functional import layer_norm

from detok.model.families.family import First, FirstLayer, Norm, RotaryFirst


@singledispatch
def queries_and_keys(first: First, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What softmax's scores are products of, for a text: (H, n, d') each, float64 on the CPU."""
    raise TypeError(f"the first layer is a {type(first).__name__}; expected that of a family")


@queries_and_keys.register
def _(first: FirstLayer, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = first.W_E[ids].double() + first.W_pos[: len(ids)].double()  # (n, d)
    ln_1 = first.ln_1_weight.double(), first.ln_1_bias.double()
    x = layer_norm(x, x.shape[1:], *ln_1, first.ln_1_eps)  # (n, d)
    q, k = (
        (x @ W.double() + b.double()).unflatten(1, (first.n_heads, -1)).transpose(0, 1)
        for W, b in ((first.W_Q, first.b_Q), (first.W_K, first.b_K))
    )
    return q, k


@queries_and_keys.register
def _(first: RotaryFirst, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = first.W_E[ids].double()  # (n, d)
    x = x if first.embedding_norm is None else _normed(x, first.embedding_norm)
    x = x if first.norm is None else _normed(x, first.norm)
    frequencies, factor = first.frequencies()
    angles = torch.arange(len(ids)).double()[:, None] * frequencies.double()  # (n, r/2)
    cos, sin = factor * angles.cos(), factor * angles.sin()

    def vectors(
        W: torch.Tensor, b: torch.Tensor | None, norm: Norm | None, n_heads: int
    ) -> torch.Tensor:
        y = x @ W.double() + (0 if b is None else b.double())  # (n, H·d')
        over_all = norm is not None and norm.weight.shape == y.shape[1:]
        y = _normed(y, norm) if over_all else y
        y = y.unflatten(1, (n_heads, -1))  # (n, H, d')
        y = (y if norm is None or over_all else _normed(y, norm)).transpose(0, 1)  # (H, n, d')
        turned, rest = y.split([2 * len(frequencies), y.shape[2] - 2 * len(frequencies)], dim=2)
        if first.is_interleaved:
            a, b = turned[..., ::2], turned[..., 1::2]
            turned = torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(2)
        else:
            a, b = turned.chunk(2, dim=2)
            turned = torch.cat([a * cos - b * sin, b * cos + a * sin], dim=2)
        return torch.cat([turned, rest], dim=2)

    q = vectors(first.W_Q, first.b_Q, first.q_norm, first.n_heads)
    k = vectors(first.W_K, first.b_K, first.k_norm, first.n_key_heads)
    return q, k.repeat_interleave(first.n_heads // first.n_key_heads, dim=0)


def lost_by_distance(first: First, heads: slice, distances: torch.Tensor) -> torch.Tensor | float:
    """What softmax's scores lose by distances (rows, n), (heads, rows, n), beside any turn."""
    slopes = first.slopes if isinstance(first, RotaryFirst) else None
    return 0.0 if slopes is None else slopes[heads, None, None] * distances


def _normed(x: torch.Tensor, norm: Norm) -> torch.Tensor:
    """The norm of the last dimension of x."""
    x = x - x.mean(dim=-1, keepdim=True) if norm.is_centred else x
    x = x / (x.square().mean(dim=-1, keepdim=True) + norm.eps).sqrt() * norm.weight.double()
    return x if norm.bias is None else x + norm.bias.double()
