"""The attention that a position really pays, averaged over many texts (§5.4, Fig. 3-E)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_position
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer
from detok.model.threads import n_threads, side_by_side
from detok.scores.decomposition import folded_projections
from detok.scores.rotary import distances
from detok.scores.sight import Sight
from detok.scores.texts import Progress, Text, token_ids

# Numbers held at once in the largest tensor, the embeddings of (texts, positions, d).
BLOCK_VALUES = 1 << 22


@dataclass(frozen=True, eq=False, repr=False)
class MeanAttention(Displayed, then=("detok.draw.position_bias(layer, bias, measured)",)):
    """The attention weights of position i in the first layer over texts; each mean sums to 1."""

    i: int
    mean: torch.Tensor  # (H, m), float64 on the CPU; m = i + 1, or L where i sees every position
    std: torch.Tensor  # (H, m), standard deviation over the texts (biased)
    n_used: int
    n_short: int  # texts of less than m tokens, which are left out


@torch.inference_mode()
def mean_attention(
    layer: AnyLayer,
    texts: Iterable[Text],
    i: int,
    *,
    first: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> MeanAttention:
    """Mean and spread of the model's own attention weights of position i over texts (Fig. 3-E).

    Only row i of the attention is computed, in batches, and of a text only what i sees is used: the
    first i + 1 tokens, or L where i sees every position. A text starts at position 0, with the
    token `first` if there is one. The other arguments are those of `mean_contributions`: any
    iterable is read one text at a time.

    Raises: InputError if i is no position of the model, a text cannot be read, by number, or none
    has as many tokens as i sees.
    """
    check_position(layer, i)
    m = layer.n_visible(i)
    size = max(1, BLOCK_VALUES // (m * layer.d_model))
    sums = torch.zeros(2, layer.n_heads, m, dtype=torch.float64)  # of weights, of their squares
    batch: list[list[int]] = []
    n_used = n_short = longest = 0
    for ids in token_ids(layer, texts, m, first=first, sample=sample, seed=seed, progress=progress):
        longest = max(longest, len(ids))
        if len(ids) < m:
            n_short += 1
            continue
        n_used += 1
        batch.append(ids[:m])
        if len(batch) == size:
            sums += _sums(layer, batch, i)
            batch.clear()
    if batch:
        sums += _sums(layer, batch, i)
    if not n_used:
        raise InputError(
            f"no text reaches position {m - 1} (the longest of {n_short} has {longest} tokens); "
            f"expected at least one of {m} tokens"
        )
    mean, square = (sums / n_used).unbind()
    std = (square - mean.square()).clamp(min=0).sqrt()
    return MeanAttention(i=i, mean=mean, std=std, n_used=n_used, n_short=n_short)


def _sums(layer: AnyLayer, batch: list[list[int]], i: int) -> torch.Tensor:
    """The weights of a batch, and their squares, summed over its texts: (2, H, m)."""

    def sums(tokens: torch.Tensor) -> torch.Tensor:
        weights = row(layer, tokens, i).cpu().double()  # (H, B, m)
        return torch.stack([weights.sum(dim=1), weights.square().sum(dim=1)])

    tokens = torch.tensor(batch, device=layer.device)  # (B, m)
    return sum(side_by_side(sums, tokens.chunk(n_threads()), layer.device))


@singledispatch
@torch.inference_mode()
def row(layer: Layer, tokens: torch.Tensor, i: int) -> torch.Tensor:
    """The attention that the token at i of each text pays to all of it: (H, B, n).

    `tokens` (B, n) are texts of one length, from position 0, of which i sees all. A score is the
    product of (e_i + p_i)/σ_i W'^Q + b'^Q with (e_j + p_j)/σ_j W'^K, the sum of the six terms.
    """
    H, n = layer.n_heads, tokens.shape[1]
    positions = torch.arange(n, device=tokens.device)
    x, sigma = layer.sigma.sums(tokens, positions)  # (B, n, d), (B, n)
    own = tokens[:, i]
    query = (layer.Q_E[:, own] + layer.Q_pos[:, i, None]) / sigma[:, i, None]  # (H, B, d')
    lost = layer.sigma.lost(sigma[:, i].square(), own, positions[i])  # (B,)
    if lost.any():  # a sum of two projections that cancel has lost its digits too
        W_Q, _ = folded_projections(layer)
        exact = (x[lost, i] / sigma[lost, i, None]).to(W_Q.dtype) @ W_Q  # (lost, d)
        query[:, lost] = exact.unflatten(1, (H, -1)).transpose(0, 1).to(query.dtype)
    query += layer.b_Q[:, None]
    # The query is brought to the width of the embeddings, once a text, and meets each in one
    # product: no token is projected to its keys, in all heads, and none of those are gathered.
    wide = query @ layer.W_K.unflatten(1, (H, -1)).permute(1, 2, 0)  # (H, B, d)
    scores = x @ wide.permute(1, 2, 0)  # (B, n, H)
    scores /= sigma[:, :, None] * layer.scale
    return scores.permute(2, 0, 1).softmax(dim=-1)


@row.register
@torch.inference_mode()
def _(layer: RotaryLayer, tokens: torch.Tensor, i: int) -> torch.Tensor:
    H, (n_texts, n) = layer.n_heads, tokens.shape
    query = layer.queries(tokens[:, i])  # (H, B, d')
    keys = layer.keys(tokens.flatten()).view(H, n_texts, n, -1)  # (H, B, n, d')
    query = query if layer.b_Q is None else query + layer.b_Q[:, None]
    keys = keys if layer.b_K is None else keys + layer.b_K[:, None, None]
    keys = layer.turned(keys, torch.arange(n) - i)  # only distances matter
    scores = query[:, :, None] @ keys.mT  # (H, B, 1, n)
    if layer.slopes is not None:
        scores -= layer.slopes[:, None, None, None] * distances(i, i + 1, n).to(layer.slopes)
    scores /= layer.scale
    return Sight.of(layer).masked(scores).softmax(dim=-1)[:, :, 0]
