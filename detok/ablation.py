"""What is left of a text's attention without some of the six terms."""

from collections.abc import Collection
from dataclasses import dataclass

import torch

from detok.contributions import divergences, scaled_scores
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
    scores = scaled_scores(terms)  # (H, n, n)
    # Added up from the terms that stay: the full sum less the others would not be quite constant
    # where nothing stays.
    left = scaled_scores(terms, [name for name in TERMS if name not in drop])  # (H, n, n)
    removed = (scores - left).nan_to_num_(nan=0.0)  # (H, n, n), and 0 where both are masked
    return Ablation(
        full=scores.softmax(dim=-1),
        left=left.softmax(dim=-1),
        divergence=next(divergences(scores, [removed])),
    )
