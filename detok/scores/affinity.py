"""Token affinity: which tokens a head binds to a given token, over the whole vocabulary (§4.1)."""

from collections.abc import Sequence
from functools import singledispatch
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
import torch

from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_amount, check_distance, check_heads
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer
from detok.scores.specific import check_query, products

Side = Literal["past", "current"]


@torch.inference_mode()
def affinity_scores(
    layer: AnyLayer,
    token: int | str,
    *,
    heads: Sequence[int] | int | None = None,
    side: Side = "past",
    positions: tuple[int, int] | None = None,
    distance: int | None = None,
    less: torch.Tensor | None = None,
) -> torch.Tensor:
    """T^ee of one token with every token of the vocabulary, shape (heads, V), unscaled (Eq. 17).

    With side="past" the given token is the current one, i, and the scores are those of all past
    tokens j; with side="current" it is the past one. An id that no token has gets −∞.

    With learned positions σ of each token is its mean over all of them as in the paper, or exact at
    `positions` = (i, j). With rotary ones T^ee is exact, at `distance` = i − j, 1 unless given.

    `less`, a query q̄ (H, d') as of `shared_query`, is taken off every q_i: what is left is the
    specific part of T^ee. With side="current" that is one number less for all tokens of a head.

    Raises: InputError for a token, head, side, positions or distance that the model does not have,
    or a query of another shape.
    """
    token_id = layer.token_id(token)
    own = None if heads is None else check_heads(layer, heads)
    if side not in ("past", "current"):
        raise InputError(f"side is {side!r}; expected 'past' or 'current'")
    query = None if less is None else check_query(layer, less)  # (H, d')
    scores = _scores(layer, token_id, own, side, positions, distance, query)
    scores[:, layer.holes] = -torch.inf
    return scores


@singledispatch
def _scores(
    layer: Layer,
    token_id: int,
    heads: list[int] | None,
    side: Side,
    positions: tuple[int, int] | None,
    distance: int | None,
    query: torch.Tensor | None,
) -> torch.Tensor:
    """`affinity_scores` of what is checked, but for positions and distance."""
    if distance is not None:
        raise InputError(
            f"distance is {distance}; expected None: with learned positions T^ee depends on the "
            "positions themselves, by σ alone"
        )
    own, others = (layer.Q_E, layer.K_E) if side == "past" else (layer.K_E, layer.Q_E)
    if positions is None:
        sigma_own, sigma_others = layer.moments.token_mean[token_id], layer.moments.token_mean
    else:
        i, j = positions if len(positions) == 2 else (-1, -1)
        if not (0 <= i < layer.n_positions and 0 <= j < layer.n_visible(i)):
            bounds = "0 ≤ j ≤ i < L" if layer.is_causal else "0 ≤ i, j < L"
            raise InputError(
                f"positions (i, j) are {positions}; expected {bounds} = {layer.n_positions}"
            )
        own_position, other_position = (i, j) if side == "past" else (j, i)
        pair = torch.tensor([[token_id], [own_position]], device=layer.device)
        sigma_own = layer.sigma.pairs(pair[0], pair[1])
        sigma_others = layer.sigma.at_position(other_position)
    vectors = own[:, token_id] / sigma_own  # (H, d')
    shared = None
    if query is not None and side == "past":
        vectors = vectors - query  # (H, d')
    elif query is not None:
        shared = (query * vectors).sum(dim=1, keepdim=True)  # (H, 1)
    scores = products(vectors, others, heads).div_(sigma_others)  # (heads, V)
    if shared is not None:
        scores.sub_(shared if heads is None else shared[heads])
    return scores


@_scores.register
def _(
    layer: RotaryLayer,
    token_id: int,
    heads: list[int] | None,
    side: Side,
    positions: tuple[int, int] | None,
    distance: int | None,
    query: torch.Tensor | None,
) -> torch.Tensor:
    if positions is not None:
        raise InputError(
            f"positions are {positions}; expected a distance: no score of this model "
            "depends on anything else of them"
        )
    distance = check_distance(layer, distance)
    token = torch.tensor([token_id], device=layer.device)
    of = slice(None) if heads is None else heads
    if side == "past":
        vectors = layer.queries(token)[:, 0]  # (H, d')
        vectors = vectors if query is None else vectors - query
        return layer.key_products(layer.turned(vectors, distance)[of], heads)
    vectors = layer.turned(layer.keys(token)[:, 0], -distance)  # (H, d')
    scores = layer.query_products(vectors[of], heads)  # (heads, V)
    if query is not None:
        scores -= (query * vectors).sum(dim=1, keepdim=True)[of]
    return scores


def affinity(
    layer: AnyLayer,
    token: int | str,
    *,
    heads: Sequence[int] | int | None = None,
    k: int = 20,
    side: Side = "past",
    positions: tuple[int, int] | None = None,
    distance: int | None = None,
    less: torch.Tensor | None = None,
) -> pd.DataFrame:
    """The k tokens that each head binds most strongly to a token, which tend to join into words.

    One row per head and rank, with the columns head, rank (from 1), token_id, token, score (T^ee,
    unscaled, or its specific part), joined (past token + current token). `affinity_scores` has the
    arguments and errors.
    """
    check_amount("k", k)
    chosen = check_heads(layer, heads)
    token_id = layer.token_id(token)
    scores = affinity_scores(
        layer,
        token_id,
        heads=heads,
        side=side,
        positions=positions,
        distance=distance,
        less=less,
    )  # (heads, V)
    best = scores.topk(min(k, layer.vocab_size - len(layer.holes)), dim=1)
    n_ranks = best.indices.shape[1]
    others = best.indices.flatten().tolist()
    bytes_of = layer.tokenizer.bytes_of
    own = bytes_of(token_id)
    pieces = [bytes_of(t) for t in others]
    joined = [piece + own if side == "past" else own + piece for piece in pieces]
    # Joined as bytes: two pieces of one character become that character.
    token_text, joined_text = (
        [text.decode(errors="backslashreplace") for text in part] for part in (pieces, joined)
    )
    return pd.DataFrame(
        {
            "head": np.repeat(chosen, n_ranks),
            "rank": np.tile(np.arange(1, n_ranks + 1), len(chosen)),
            "token_id": others,
            "token": token_text,
            "score": best.values.flatten().cpu().numpy(),
            "joined": joined_text,
        }
    )


@torch.inference_mode()
def affinity_matrix(
    layer: AnyLayer,
    current: Sequence[int],
    *,
    past: Sequence[int] | None = None,
    distance: int | None = None,
    less: torch.Tensor | None = None,
) -> torch.Tensor:
    """T^ee between chosen tokens, shape (H, len(current), len(past)), unscaled (§4.2, Fig. 2-B).

    Rows are current tokens i and columns past tokens j (the same tokens unless given). A bright
    diagonal is a head that attends to copies. σ, `distance` and `less` are those of
    `affinity_scores`: without what all rows share, no column stands out as such.

    Raises: InputError for a token or distance that the model does not have, or a query of another
    shape.
    """
    rows = [layer.token_id(t) for t in current]
    columns = rows if past is None else [layer.token_id(t) for t in past]
    query = 0 if less is None else check_query(layer, less)[:, None]  # (H, 1, d')
    return _matrix(layer, rows, columns, distance, query)


@singledispatch
def _matrix(
    layer: Layer,
    rows: list[int],
    columns: list[int],
    distance: int | None,
    query: torch.Tensor | int,
) -> torch.Tensor:
    if distance is not None:
        raise InputError(f"distance is {distance}; expected None: positions are learned")
    sigma = layer.moments.token_mean
    q = layer.Q_E[:, rows] / sigma[rows, None] - query  # (H, rows, d')
    k = layer.K_E[:, columns] / sigma[columns, None]  # (H, columns, d')
    return q @ k.mT  # (H, rows, columns)


@_matrix.register
def _(
    layer: RotaryLayer,
    rows: list[int],
    columns: list[int],
    distance: int | None,
    query: torch.Tensor | int,
) -> torch.Tensor:
    distance = check_distance(layer, distance)
    q, k = (torch.tensor(ids, device=layer.device) for ids in (rows, columns))
    q = layer.turned(layer.queries(q) - query, distance)  # (H, rows, d')
    return q @ layer.keys(k).mT  # (H, rows, columns)


@torch.inference_mode()
def previous_piece_ranks(
    layer: AnyLayer, ids: Sequence[int], *, less: torch.Tensor | None = None
) -> torch.Tensor:
    """Rank of each token's true predecessor among all V past tokens by T^ee, shape (H, n − 1).

    Column t is the pair (ids[t], ids[t + 1]); rank 1 means that the head would rather attend to the
    true previous piece than to any other token: it rebuilds this word. `less` is that of
    `affinity_scores`.

    Raises: InputError for a token that the model does not have, or a query of another shape.
    """
    ranks = []
    for past, current in pairwise(ids):
        scores = affinity_scores(layer, current, less=less)  # (H, V)
        true = scores[:, layer.token_id(past), None]  # (H, 1)
        ranks.append(1 + (scores > true).sum(dim=1))  # (H,)
    if not ranks:
        return torch.empty(layer.n_heads, 0, dtype=torch.long)
    return torch.stack(ranks, dim=1).cpu()  # (H, n - 1)
