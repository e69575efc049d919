"""First-layer attention over many texts, from the six terms: the paper's empirical check (§5.4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from detok.decomposition import check_ids
from detok.errors import InputError
from detok.layer import Layer
from detok.positions import check_position

# Numbers held at once in the largest tensor, keys of (texts, positions, d): 16 MB of float32.
BLOCK_VALUES = 1 << 22


@dataclass(frozen=True, eq=False)
class MeanAttention:
    """The attention weights of position i in the first layer over texts; each mean sums to 1."""

    i: int
    mean: torch.Tensor  # (H, i + 1), float64 on the CPU
    std: torch.Tensor  # (H, i + 1), standard deviation over the texts (biased)
    n_used: int
    n_short: int  # texts of less than i + 1 tokens, which are left out


@torch.inference_mode()
def mean_attention(
    layer: Layer,
    texts: Sequence[str | Sequence[int]],
    i: int,
    progress: Callable[[int, int], None] | None = None,
) -> MeanAttention:
    """Mean and spread of the model's own attention weights of position i over texts (Fig. 3-E).

    A text is a string or its token ids; it starts at position 0, and what follows position i is
    not read. Only row i of the attention is computed, in batches; after each one, `progress` is
    called with the number of texts done and their number in all.

    Raises: InputError if i is no position of the model, a text has a token that the model has not,
    or none of the texts has i + 1 tokens.
    """
    check_position(layer, i)
    rows = [layer.tokenizer.encode(t) if isinstance(t, str) else t for t in texts]
    used = [row[: i + 1] for row in rows if len(row) > i]
    if not used:
        longest = max(map(len, rows), default=0)
        raise InputError(
            f"none of the {len(rows)} texts reaches position {i} (the longest has {longest} "
            f"tokens); expected at least one of {i + 1} tokens"
        )
    tokens = torch.stack([check_ids(layer, row) for row in used])  # (texts, i + 1)
    sums = torch.zeros(2, layer.n_heads, i + 1, dtype=torch.float64)  # of weights and their squares
    done = 0
    for batch in tokens.split(max(1, BLOCK_VALUES // ((i + 1) * layer.d_model))):
        weights = last_row(layer, batch).cpu().double()  # (H, B, i + 1)
        sums[0] += weights.sum(dim=1)
        sums[1] += weights.square_().sum(dim=1)
        done += len(batch)
        if progress is not None:
            progress(done, len(used))
    mean, square = (sums / len(used)).unbind()
    return MeanAttention(
        i=i,
        mean=mean,
        std=(square - mean.square()).clamp(min=0).sqrt(),
        n_used=len(used),
        n_short=len(rows) - len(used),
    )


@torch.inference_mode()
def last_row(layer: Layer, tokens: torch.Tensor) -> torch.Tensor:
    """The attention that the last token of each text pays, from the six terms: (H, B, n).

    `tokens` (B, n) are texts of one length, from position 0. The six terms are the products of
    (e_i + p_i)/σ_i W'^Q + b'^Q with (e_j + p_j)/σ_j W'^K, here multiplied in their sum.
    """
    B, n = tokens.shape
    flat = tokens.flatten()  # (B * n,)
    positions = torch.arange(n, device=tokens.device)
    sigma = layer.sigma.pairs(flat, positions.repeat(B)).view(B, n)
    query = layer.Q_E[:, tokens[:, -1]] + layer.Q_pos[:, n - 1, None]  # (H, B, d')
    query = query / sigma[:, -1, None] + layer.b_Q[:, None]  # (H, B, d')
    # The tokens lie last in the memory of K_E: selected there, each d' is one pass over a row.
    key = layer.K_E.mT.flatten(0, 1).index_select(1, flat)  # (H * d', B * n)
    key = key.view(layer.n_heads, layer.d_head, B, n)
    key += layer.K_pos.mT[:, :, None, :n]  # (H, d', B, n)
    scores = torch.einsum("hbc,hcbn->hbn", query, key)  # (H, B, n)
    return (scores / sigma / layer.d_head**0.5).softmax(dim=-1)
