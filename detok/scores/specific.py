"""T^ee in two parts: what a head gives a token j whatever attends to it, and what token i adds.

T^ee_ij = q̄·k_j + (q_i − q̄)·k_j, exactly, with q_i = e_i W'^Q/σ_i, k_j = e_j W'^K/σ_j and one q̄ a
head, the mean of q_i over tokens. The shared part is a liking for tokens as such, as T^e is; only
the specific part can tell which token belongs to which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import torch

from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_distance, check_heads, check_position
from detok.model.layer import Layer
from detok.model.layernorm import wide_type
from detok.model.rotary_layer import RotaryLayer
from detok.scores.decomposition import TERMS, Factors, Terms

PARTS = ("ee_shared", "ee_specific", *TERMS[1:])


@torch.inference_mode()
def shared_query(
    layer: AnyLayer, token_counts: np.ndarray | torch.Tensor | None = None
) -> torch.Tensor:
    """The mean query q̄ of each head over the tokens i, (H, d'), unscaled.

    σ of each token is its mean over all positions. Tokens weigh as much as they occur, by
    `token_counts` (V,) such as `Counts.tokens`: whoever attends in texts is a frequent token. One
    without any weighs nothing; if none has any, all tokens weigh the same.

    Raises: InputError for counts that are not V finite numbers from 0 on.
    """
    return layer.mean_query(token_weights(layer, token_counts))


def token_weights(layer: AnyLayer, token_counts: np.ndarray | torch.Tensor | None) -> torch.Tensor:
    """The share of each token in the counts, (V,); of all alike where none has any.

    Raises: InputError for counts that are not V finite numbers from 0 on.
    """
    weights = torch.zeros(layer.vocab_size, dtype=wide_type(layer.device), device=layer.device)
    kept = layer.with_token
    weights[kept] = _counts(layer, token_counts).to(weights)[kept]
    if not weights.any():
        weights[kept] = 1.0
    return weights / weights.sum()


def _counts(layer: AnyLayer, token_counts: np.ndarray | torch.Tensor | None) -> torch.Tensor:
    """Counts of tokens (V,), 0 where none are given.

    Raises: InputError for counts that are not V finite numbers from 0 on.
    """
    if token_counts is None:
        return torch.zeros(layer.vocab_size)
    is_tensor = isinstance(token_counts, torch.Tensor)
    counts = token_counts if is_tensor else torch.tensor(np.asarray(token_counts))  # a copy
    if counts.shape != (layer.vocab_size,):
        raise InputError(
            f"token_counts have shape {tuple(counts.shape)}; expected (V,) = ({layer.vocab_size},)"
        )
    wrong = counts[~(counts.isfinite() & (counts >= 0))]
    if len(wrong):
        raise InputError(f"token_counts hold {wrong[0].item()}; expected finite numbers from 0 on")
    return counts


def check_query(layer: AnyLayer, query: torch.Tensor) -> torch.Tensor:
    """A query of each head, (H, d'), in the layer's type and on its device.

    Raises: InputError if it has another shape.
    """
    expected = layer.n_heads, layer.d_head
    if query.shape != expected:
        raise InputError(
            f"the query has shape {tuple(query.shape)}; expected (H, d') = {expected}, as of "
            "shared_query"
        )
    return query.to(layer.device, layer.dtype)


def products(vectors: torch.Tensor, tokens: torch.Tensor, heads: list[int] | None) -> torch.Tensor:
    """Products of a vector of each head (H, d') with all tokens' (H, V, d'), (heads, V)."""
    if heads is None:
        return (vectors[:, None, :] @ tokens.mT)[:, 0]
    # Indexing `tokens` by head would copy it.
    return torch.stack([vectors[h] @ tokens[h].mT for h in heads])


@torch.inference_mode()
def shared_scores(
    layer: AnyLayer,
    query: torch.Tensor,
    *,
    heads: Sequence[int] | int | None = None,
    position: int | None = None,
    distance: int | None = None,
) -> torch.Tensor:
    """q̄·k_j of every token j, (heads, V), unscaled: what a head likes, whatever attends to it.

    `query` is q̄ (H, d'). With learned positions σ of each token is its mean over all of them, or
    exact at `position`. With rotary ones both are `distance` apart, 1 unless given. An id that no
    token has gets −∞.

    Raises: InputError for a query of another shape, or a head, position or distance that is not
    there.
    """
    own = None if heads is None else check_heads(layer, heads)
    scores = _shared(layer, check_query(layer, query), own, position, distance)
    scores[:, layer.holes] = -torch.inf
    return scores


@singledispatch
def _shared(
    layer: Layer,
    vectors: torch.Tensor,
    heads: list[int] | None,
    position: int | None,
    distance: int | None,
) -> torch.Tensor:
    """`shared_scores` of what is checked, but for position and distance."""
    if distance is not None:
        raise InputError(f"distance is {distance}; expected None: positions are learned")
    if position is None:
        sigma = layer.moments.token_mean
    else:
        check_position(layer, position)
        sigma = layer.sigma.at_position(position)
    return products(vectors, layer.K_E, heads).div_(sigma)  # (heads, V)


@_shared.register
def _(
    layer: RotaryLayer,
    vectors: torch.Tensor,
    heads: list[int] | None,
    position: int | None,
    distance: int | None,
) -> torch.Tensor:
    if position is not None:
        raise InputError(
            f"position is {position}; expected a distance: no score of this model depends "
            "on anything else of them"
        )
    distance = check_distance(layer, distance)
    turned = layer.turned(vectors, distance)  # (H, d')
    return layer.key_products(turned if heads is None else turned[heads], heads)


@dataclass(frozen=True, eq=False, repr=False)
class SplitTerms(Terms):
    """The terms of a text with ee in two parts that add up to it; `total` is the same."""

    ee_shared: torch.Tensor  # (H, n), q̄·k_j, whatever token i is
    ee_specific: torch.Tensor  # (H, n, n), (q_i − q̄)·k_j

    @property
    def names(self) -> tuple[str, ...]:
        """The parts of the total: ee_shared, ee_specific, and the five other terms."""
        return PARTS

    @classmethod
    @torch.inference_mode()
    def of(cls, terms: Terms, factors: Factors, query: torch.Tensor) -> "SplitTerms":
        """Those of some rows of `factors`; `query` has its heads only."""
        k = factors.k_e[:, : terms.ee.shape[2]]  # (H, n, d')
        shared = (k @ query.to(k)[:, :, None])[:, :, 0]  # (H, n)
        specific = terms.ee - shared[:, None]  # (H, rows, n)
        return cls(**vars(terms), ee_shared=shared, ee_specific=specific)


def split_ee(
    layer: Layer,
    ids: Sequence[int] | torch.Tensor,
    query: torch.Tensor,
    *,
    heads: Sequence[int] | int | None = None,
) -> SplitTerms:
    """The terms of a text, unscaled, with ee in a part that all tokens i share and the rest.

    `query` is q̄ (H, d'), as of `shared_query`: the same for the whole text, so that the shared part
    is the same for every i. σ is exact at each position of the text, as in `detok.terms`, which
    explains the other arguments.

    Raises: InputError as `terms`, and for a query of another shape.
    """
    factors = Factors.of(layer, ids, heads)
    own = check_query(layer, query)[check_heads(layer, heads)]  # (H, d')
    return SplitTerms.of(factors.rows(0, factors.e.shape[1]), factors, own)
