"""Which heads detokenize: how well T^ee tells observed predecessors from unobserved (§4.2)."""

from collections.abc import Sequence

import torch

from detok.counts import Counts
from detok.errors import InputError
from detok.layer import Layer

# Scores held at once, (H, tokens, V): 16 MB of float32.
BLOCK_SCORES = 1 << 22


@torch.inference_mode()
def auroc(layer: Layer, counts: Counts, tokens: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Area under the ROC curve of T^ee, by head and current token: 0.5 for a head blind to pairs.

    For each current token i the positives are the past tokens j that `counts` has before i,
    weighted by how often; the negatives, each of weight 1, are all others of the vocabulary. σ of
    each token is its mean over all positions. Shape (H, len(tokens)), float64 on the CPU, exact,
    with ties counted half; NaN where a token has no observed predecessor, or no negative. Pairs
    that were pruned from the counts are negatives.

    Raises: InputError for a token out of range, or counts of another vocabulary size.
    """
    if counts.vocab_size != layer.vocab_size:
        raise InputError(
            f"the counts have a vocabulary of {counts.vocab_size} tokens; expected "
            f"V = {layer.vocab_size}, the vocabulary of this model"
        )
    ids = [layer.token_id(int(t)) for t in tokens]
    areas = torch.full((layer.n_heads, len(ids)), torch.nan, dtype=torch.float64)
    sigma = layer.moments.token_mean  # (V,)
    size = max(1, BLOCK_SCORES // (layer.n_heads * layer.vocab_size))
    for start in range(0, len(ids), size):
        block = ids[start : start + size]
        queries = layer.Q_E[:, block] / sigma[block, None]  # (H, B, d')
        scores = (queries @ layer.K_E.mT).div_(sigma)  # (H, B, V)
        for n, token in enumerate(block):
            past, weights = map(torch.from_numpy, counts.row(token))
            if 0 < len(past) < layer.vocab_size:
                areas[:, start + n] = weighted_area(scores[:, n], past, weights)
    return areas


def weighted_area(
    scores: torch.Tensor, positives: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """The area under the ROC curve of each row of scores, (H, V) to (H,), with weighted positives.

    `positives` are n columns, each once, with their `weights` (n,); all other columns are negatives
    of weight 1. The area is the chance that a positive scores higher than a negative, drawn by
    weight, where a tie counts half.
    """
    chosen = scores[:, positives].contiguous()  # (H, n)
    negatives = _sorted(scores.index_fill(1, positives.to(scores.device), torch.inf))  # (H, V)
    below = torch.searchsorted(negatives, chosen)
    below += torch.searchsorted(negatives, chosen, right=True)  # twice, so that a tie is half
    n_negatives = scores.shape[1] - len(positives)
    weights = weights.double()
    return below.cpu().double() @ weights / (2 * n_negatives * weights.sum())


def _sorted(rows: torch.Tensor) -> torch.Tensor:
    if rows.device.type != "cpu":
        return rows.sort(dim=-1).values
    # On a CPU numpy's sort takes a quarter of the time of torch's.
    rows.numpy().sort(axis=-1)
    return rows
