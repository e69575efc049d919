"""How much each of the six terms shapes the attention of a text (§6.1, Figs. 4 and 13)."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import torch

from detok.decomposition import TERMS, Terms, check_ids, terms
from detok.layer import Layer

# Scores of one matrix held at once, (heads, n, n): 8 MB of float64, and a dozen such are alive.
BLOCK_SCORES = 1 << 20


def future(n: int, device: torch.device) -> torch.Tensor:
    """The causal mask, (n, n): True where j > i."""
    return torch.ones(n, n, dtype=torch.bool, device=device).triu(1)


def divergences(scores: torch.Tensor, removed: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
    """KL divergence D(P ‖ Q) in nats of every row, for each of the tensors removed in turn.

    P = softmax(scores), Q = softmax(scores − removed). All are (…, n), already divided by √d'
    (Eqs. 18–22); −∞ in `scores` is what the mask hides, and a tensor to remove is finite and may
    broadcast. Each result (…) is exact to the rounding of the scores' type at any scale, because no
    logarithm of a probability is taken: D = Σ_j P_j removed_j + log Z_Q − log Z_P, with Z the sums
    that softmax divides by.
    """
    log_z = scores.logsumexp(dim=-1)
    P = (scores - log_z[..., None]).exp_()
    for term in removed:
        expected = (P * term).sum(dim=-1)
        change = (scores - term).logsumexp(dim=-1) - log_z
        yield (expected + change).clamp_(min=0)  # below zero only by rounding


def wide(tensor: torch.Tensor) -> torch.Tensor:
    """In float64, on the CPU if the device has none."""
    return tensor.cpu().double() if tensor.device.type == "mps" else tensor.double()


def scaled_scores(found: Terms, names: Collection[str] = TERMS) -> torch.Tensor:
    """The scores that softmax takes, (H, n, n) in float64: divided by √d', −∞ where j > i.

    With `names`, the sum of those terms only.
    """
    total = torch.zeros_like(wide(found.ee))  # (H, n, n)
    for name in names:
        total += found.matrix(name).to(total)  # (H, n or 1, n)
    total /= found.d_head**0.5
    return total.masked_fill_(future(total.shape[1], total.device), -torch.inf)


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
        part = terms(layer, tokens, heads.tolist())
        parts = (wide(part.matrix(name)) / part.d_head**0.5 for name in TERMS)
        for t, nats in enumerate(divergences(scaled_scores(part), parts)):  # (heads, n)
            result[t, heads] = nats.cpu()
    return result
