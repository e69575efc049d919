"""How much each of the terms shapes the attention of a text (§6.1, Figs. 4 and 13)."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.threads import side_by_side
from detok.scores.decomposition import AnyTerms, blocks, factors_of, scaled, summed

# A sum between this and its inverse has lost nothing that matters to the range of float64 (1e-308
# to 1e308).
TINY = 1e-250


def divergences(scores: torch.Tensor, removed: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
    """KL divergence D(P ‖ Q) in nats of every row, for each of the tensors removed in turn.

    P = softmax(scores), Q = softmax(scores − removed). All are float64 (…, n), already divided by
    the scale (Eqs. 18–22); −∞ in `scores` is what the mask hides, and a tensor to remove is finite
    and may broadcast. Each result (…) is exact to the rounding of float64 at any scale, because no
    logarithm of a single probability is taken: D = Σ_j P_j removed_j + log Z_Q − log Z_P, with Z
    the sums that softmax divides by.
    """
    P = scores.softmax(dim=-1)
    for term in removed:
        expected = _mean(P, term)
        # log Z_Q − log Z_P is log Σ_j P_j exp(−removed_j): half the work of another softmax.
        ratio = _mean(P, term.neg().exp_())
        if ratio.amin() > TINY and ratio.amax() < 1 / TINY:
            change = ratio.log_()
        else:
            change = (scores - term).logsumexp(dim=-1) - scores.logsumexp(dim=-1)
        yield (expected + change).clamp_(min=0)  # below zero only by rounding


def _mean(P: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Σ_j P_j values_j of every row; one product for all rows if they share the values."""
    if values.ndim > 1 and values.shape[-2] == 1:
        return (P @ values.mT)[..., 0]
    return torch.linalg.vecdot(P, values)


@torch.inference_mode()
def contributions(layer: AnyLayer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """How many nats of a text's attention each term accounts for, (6, H, n) in the order of TERMS.

    Of a rotary layer the first dimension is its own terms', in the order of `RotaryTerms.names`.
    c_i = D(P_i ‖ Q_i), P_i = softmax_j of the scaled scores, Q_i the same without the term, over
    the j that i sees (Eqs. 18–22, Fig. 4). float64 on the CPU. Heads and rows are taken in blocks,
    so that no (n, n) matrix of a long text is held.

    Raises: InputError for ids that this model cannot take.
    """
    factors = factors_of(layer, ids).scaled()
    sight, shape = factors.sight, factors.shape
    result = torch.empty(len(factors.names), *shape, dtype=torch.float64)  # (6, H, n)

    def fill(block: tuple[slice, slice]) -> None:
        heads, rows = block
        parts = scaled(factors.block(heads, rows)).values()  # (heads, rows or 1, n) each
        total = summed(parts)  # (heads, rows, n)
        removed = [sight.effect(total, part) for part in parts]
        nats = torch.stack([*divergences(sight.masked(total), removed)])  # (6, heads, rows)
        result[:, heads, rows] = nats.cpu()

    side_by_side(fill, blocks(*shape), layer.device)
    return result


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(Displayed, then=("detok.draw.ablate(layer, ids, ablation)",)):
    """Attention without some terms, the full one, and their divergence in nats; all float64."""

    full: torch.Tensor  # (H, n, n), the model's own attention; 0 where i does not see j
    left: torch.Tensor  # (H, n, n), the attention that is left
    divergence: torch.Tensor  # (H, n), D(full ‖ left) of every row in nats


@torch.inference_mode()
def ablate(terms: AnyTerms, drop: Collection[str]) -> Ablation:
    """The attention without the terms in `drop`, and how far it is from the full one.

    Dropping one term gives its contribution (Eqs. 18–22); dropping all six leaves uniform attention
    over the tokens that i sees; dropping none, the model's own.

    Of `split_ee` the parts of ee are dropped by their own names.

    Raises: InputError for a name that is none of the terms.
    """
    if isinstance(drop, str) or not set(drop) <= set(terms.names):
        raise InputError(
            f"drop is {drop!r}; expected a collection of names out of {', '.join(terms.names)}"
        )
    parts = scaled(terms)
    any_part = next(iter(parts.values()))
    nothing = torch.zeros(terms.ee.shape, dtype=any_part.dtype, device=any_part.device)  # (H, n, n)
    total = summed([nothing, *parts.values()])  # (H, n, n)
    # Added up from the terms that stay: the full sum less the others would not be quite constant
    # where nothing stays.
    stay = [nothing, *(part for name, part in parts.items() if name not in drop)]
    left = terms.sight.masked(summed(stay))
    removed = sum((part for name, part in parts.items() if name in drop), nothing)
    removed = terms.sight.effect(total, removed)
    scores = terms.sight.masked(total)
    return Ablation(
        full=scores.softmax(dim=-1),
        left=left.softmax(dim=-1),
        divergence=next(divergences(scores, [removed])),
    )
