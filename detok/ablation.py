"""What is left of a text's attention without some of the six terms."""

from collections.abc import Collection
from dataclasses import dataclass

import torch

from detok.contributions import causal_sum, divergences, scaled
from detok.decomposition import TERMS, Terms
from detok.errors import InputError


@dataclass(frozen=True, eq=False)
class Ablation:
    """The attention of a text without some terms, beside the full one; float64."""

    full: torch.Tensor  # (H, n, n), the model's own attention; 0 where j > i
    left: torch.Tensor  # (H, n, n), the attention that is left
    divergence: torch.Tensor  # (H, n), D(full ‖ left) of every row in nats


@torch.inference_mode()
def ablate(terms: Terms, drop: Collection[str]) -> Ablation:
    """The attention without the terms in `drop`, and how far it is from the full one.

    Dropping one term gives its contribution (Eqs. 18–22); dropping all six leaves uniform attention
    over j ≤ i; dropping none, the model's own.

    Raises: InputError for a name that is none of the six terms.
    """
    if isinstance(drop, str) or not set(drop) <= set(TERMS):
        raise InputError(
            f"drop is {drop!r}; expected a collection of names out of {', '.join(TERMS)}"
        )
    parts = scaled(terms)
    nothing = torch.zeros_like(parts["ee"])  # (H, n, n)
    scores = causal_sum(parts.values())  # (H, n, n)
    # Added up from the terms that stay: the full sum less the others would not be quite constant
    # where nothing stays.
    left = causal_sum([nothing, *(part for name, part in parts.items() if name not in drop)])
    removed = sum((part for name, part in parts.items() if name in drop), nothing)
    return Ablation(
        full=scores.softmax(dim=-1),
        left=left.softmax(dim=-1),
        divergence=next(divergences(scores, [removed])),
    )
