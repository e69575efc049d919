"""First-layer attention over many texts, from the six terms: the paper's empirical check (§5.4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from detok.decomposition import check_ids
from detok.errors import InputError
from detok.layer import Layer
from detok.positions import check_position

# Numbers held at once in the largest tensor, the embeddings of (texts, positions, d): 16 MB.
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
            f"no text reaches position {i} (the longest of {len(rows)} has {longest} tokens); "
            f"expected at least one of {i + 1} tokens"
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
    n = tokens.shape[1]
    positions = torch.arange(n, device=tokens.device)
    e = layer.W_E[tokens]  # (B, n, d)
    own = tokens[:, -1], torch.full_like(tokens[:, -1], n - 1)
    query = (layer.Q_E[:, own[0]] + layer.Q_pos[:, own[1]]) / layer.sigma.pairs(*own)[:, None]
    query += layer.b_Q[:, None]  # (H, B, d')
    # Brought to the width of the tokens' embeddings once a text, the query meets each in one
    # product: projecting all of them to keys, or gathering their keys, takes several times as long.
    wide = query @ layer.W_K.unflatten(1, (layer.n_heads, -1)).permute(1, 2, 0)  # (H, B, d)
    scores = e @ wide.permute(1, 2, 0)  # (B, n, H)
    scores += (query @ layer.K_pos[:, :n].mT).permute(1, 2, 0)  # (B, n, H)
    cov = e.mul_(layer.sigma.W_pos_centred[:n]).mean(dim=2)  # (B, n)
    sigma = layer.sigma.from_cov(tokens, positions, cov)  # (B, n)
    scores /= sigma[:, :, None] * layer.d_head**0.5
    return scores.permute(2, 0, 1).softmax(dim=-1)
