"""How much each of the six terms shapes the attention of a text (§6.1, Figs. 4 and 13)."""

from collections.abc import Iterable, Iterator, Sequence

import torch

from detok.decomposition import TERMS, Terms, check_ids, terms
from detok.layer import Layer

# Scores of one term held at once, (heads, n, n): 4 MB of float32.
BLOCK_SCORES = 1 << 20
# Of them, scores taken through softmax at once, (heads, rows, n): 1 MB of float64, so that what is
# made from them stays in a cache.
BLOCK_SOFTMAX = 1 << 17
# exp of minus this, times a probability above 1/L, is still a normal float64 (above exp(−708)).
NO_UNDERFLOW = 600.0


def future(scores: torch.Tensor) -> torch.Tensor:
    """The causal mask of the last rows of a text, (rows, n): True where j > i."""
    rows, n = scores.shape[-2:]
    return torch.ones(rows, n, dtype=torch.bool, device=scores.device).triu(1 + n - rows)


def divergences(scores: torch.Tensor, removed: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
    """KL divergence D(P ‖ Q) in nats of every row, for each of the tensors removed in turn.

    P = softmax(scores), Q = softmax(scores − removed). All are float64 (…, n), already divided by
    √d' (Eqs. 18–22); −∞ in `scores` is what the mask hides, and a tensor to remove is finite and
    may broadcast. Each result (…) is exact to the rounding of float64 at any scale, because no
    logarithm of a single probability is taken: D = Σ_j P_j removed_j + log Z_Q − log Z_P, with Z
    the sums that softmax divides by.
    """
    log_z = scores.logsumexp(dim=-1)
    P = (scores - log_z[..., None]).exp_()
    for term in removed:
        low, high = term.amin(dim=-1), term.amax(dim=-1)
        if (high - low).max() < NO_UNDERFLOW:
            # log Z_Q − log Z_P is log Σ_j P_j exp(−removed_j): half the work of another softmax.
            shrunk = (low[..., None] - term).exp_()
            change = torch.linalg.vecdot(P, shrunk).log_() - low
        else:
            change = (scores - term).logsumexp(dim=-1) - log_z
        expected = torch.linalg.vecdot(P, term)
        yield (expected + change).clamp_(min=0)  # below zero only by rounding


def wide(tensor: torch.Tensor) -> torch.Tensor:
    """In float64, on the CPU if the device has none."""
    return tensor.cpu().double() if tensor.device.type == "mps" else tensor.double()


def scaled(found: Terms) -> dict[str, torch.Tensor]:
    """Each term divided by √d', (H, rows, n) or (H, 1, n) in float64, by its name."""
    return {name: wide(found.matrix(name)) / found.d_head**0.5 for name in TERMS}


def causal_sum(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum of scaled terms as softmax takes it, (H, rows, n): −∞ where j > i."""
    total = sum(parts)
    return total.masked_fill(future(total), -torch.inf)


def row_blocks(found: Terms) -> Iterator[tuple[int, int]]:
    """First row and end of the blocks of rows that are taken through softmax at once."""
    heads, n = found.e.shape
    size = max(1, BLOCK_SOFTMAX // (heads * n))
    return ((start, min(start + size, n)) for start in range(0, n, size))


@torch.inference_mode()
def contributions(layer: Layer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """How many nats of a text's attention each term accounts for, (6, H, n) in the order of TERMS.

    c_i = D(P_i ‖ Q_i), P_i = softmax_j(s_ij / √d'), Q_i the same without the term, over j ≤ i
    (Eqs. 18–22, Fig. 4). float64 on the CPU. Heads are taken a few at a time, so that the memory
    needed beside the result does not grow with H.

    Raises: InputError for ids that this model cannot take.
    """
    tokens = check_ids(layer, ids)
    n = len(tokens)
    result = torch.empty(len(TERMS), layer.n_heads, n, dtype=torch.float64)
    for heads in torch.arange(layer.n_heads).split(max(1, BLOCK_SCORES // n**2)):
        found = terms(layer, tokens, heads.tolist())
        for start, stop in row_blocks(found):
            parts = scaled(found.rows(start, stop)).values()  # (heads, rows or 1, stop) each
            nats = torch.stack([*divergences(causal_sum(parts), parts)])  # (6, heads, rows)
            result[:, heads, start:stop] = nats.cpu()
    return result
