"""How much each of the six terms shapes the attention of a text (§6.1, Figs. 4 and 13)."""

from collections.abc import Iterable, Iterator, Sequence

import torch

from detok.decomposition import TERMS, Factors, Terms
from detok.layer import Layer

# Scores taken through softmax at once, (heads, rows, n): 1 MB of float64, so that the dozen of
# tensors made from them stay in a large cache.
BLOCK_SOFTMAX = 1 << 17
# A sum above this has lost nothing that matters to the underflow of float64 (1e-308).
TINY = 1e-250


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
    P = scores.softmax(dim=-1)
    for term in removed:
        expected = _mean(P, term)
        # log Z_Q − log Z_P is log Σ_j P_j exp(−removed_j): half the work of another softmax.
        low = term.amin(dim=-1)
        ratio = _mean(P, (low[..., None] - term).exp_())
        if ratio.amin() > TINY:
            change = ratio.log_() - low
        else:
            change = (scores - term).logsumexp(dim=-1) - scores.logsumexp(dim=-1)
        yield (expected + change).clamp_(min=0)  # below zero only by rounding


def _mean(P: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Σ_j P_j values_j of every row; one product for all rows if they share the values."""
    if values.ndim > 1 and values.shape[-2] == 1:
        return (P @ values.mT)[..., 0]
    return torch.linalg.vecdot(P, values)


def scaled(found: Terms) -> dict[str, torch.Tensor]:
    """Each term divided by √d', (H, rows, n) or (H, 1, n), by its name.

    In float64, on the CPU if the device has none.
    """
    device = torch.device("cpu") if found.e.device.type == "mps" else found.e.device
    root = found.d_head**0.5
    return {
        name: found.matrix(name).to(device, torch.float64, copy=True).div_(root) for name in TERMS
    }


def causal_sum(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum of scaled terms as softmax takes it, (H, rows, n): −∞ where j > i.

    The first of them has that shape; the others may broadcast.
    """
    first, *others = parts
    total = first.clone()
    for part in others:
        total += part
    return total.masked_fill_(future(total), -torch.inf)


def blocks(factors: Factors) -> Iterator[tuple[slice, slice, Terms]]:
    """The terms of a text in blocks for softmax: heads, rows, and their terms."""
    H, n = factors.e.shape
    n_heads = max(1, BLOCK_SOFTMAX // n**2)
    n_rows = max(1, BLOCK_SOFTMAX // (n_heads * n))
    for head in range(0, H, n_heads):
        heads = slice(head, min(head + n_heads, H))
        part = factors.heads(heads.start, heads.stop)
        for row in range(0, n, n_rows):
            rows = slice(row, min(row + n_rows, n))
            yield heads, rows, part.rows(rows.start, rows.stop)


@torch.inference_mode()
def contributions(layer: Layer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """How many nats of a text's attention each term accounts for, (6, H, n) in the order of TERMS.

    c_i = D(P_i ‖ Q_i), P_i = softmax_j(s_ij / √d'), Q_i the same without the term, over j ≤ i
    (Eqs. 18–22, Fig. 4). float64 on the CPU. Heads and rows are taken in blocks, so that no (n, n)
    matrix of a long text is held.

    Raises: InputError for ids that this model cannot take.
    """
    factors = Factors.of(layer, ids)
    result = torch.empty(len(TERMS), *factors.e.shape, dtype=torch.float64)  # (6, H, n)
    for heads, rows, block in blocks(factors):
        parts = scaled(block).values()  # (heads, rows or 1, n) each
        nats = torch.stack([*divergences(causal_sum(parts), parts)])  # (6, heads, rows)
        result[:, heads, rows] = nats.cpu()
    return result
