"""Tokens whose embeddings show little training: their norm, their variance, and how alike they are.

Land and Bartolo (2024, "Fishing for Magikarp") find under-trained tokens by the norm of their input
embeddings, and where the unembedding is the same matrix by the cosine distance to the mean of
tokens that are known to be unused. Var(e) is what the first LayerNorm makes of the norm.
"""

from typing import NamedTuple

import torch

from detok.model.layer import Layer
from detok.model.layernorm import BLOCK

# Bytes that no text in UTF-8 has: where each is a token of its own, no text comes to it.
UNUSED_BYTES = frozenset(bytes([b]) for b in (0xC0, 0xC1, *range(0xF5, 0x100)))


class Undertrained(NamedTuple):
    """Indicators of every token, small for those that were hardly trained."""

    norm: torch.Tensor  # (V,) of e
    variance: torch.Tensor  # (V,) of e, over its features
    distance: torch.Tensor | None  # (V,) 1 − cos(e, mean of e over `unused`); None if there is none
    unused: list[int]  # tokens of a byte that no text in UTF-8 has


@torch.inference_mode()
def undertrained(layer: Layer) -> Undertrained:
    """The indicators of all tokens, in the type of the scores."""
    kind = layer.W_pos.dtype
    tokens = range(min(layer.vocab_size, layer.tokenizer.n_ids))
    unused = [t for t in tokens if layer.tokenizer.bytes_of(t) in UNUSED_BYTES]
    norm = torch.cat([block.to(kind).norm(dim=1) for block in layer.W_E.split(BLOCK)])
    distance = None
    if unused:
        mean = layer.W_E[unused].to(kind).mean(dim=0)  # (d,)
        along = torch.cat([block.to(kind) @ mean for block in layer.W_E.split(BLOCK)])
        distance = 1 - along / (norm * mean.norm()).clamp_min(torch.finfo(kind).tiny)
    return Undertrained(norm, layer.sigma.var_e, distance, unused)
