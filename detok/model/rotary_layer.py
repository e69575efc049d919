"""The first attention layer of a model whose scores depend on distance in place of positions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import torch

from detok.display import Displayed
from detok.errors import CheckpointError, InputError
from detok.model.any_layer import AnyLayer, embeddings
from detok.model.families.family import Norm, RotaryFirst
from detok.model.layernorm import BLOCK_VALUES, centre
from detok.model.projection import ALL, Projection, largest
from detok.model.rotation import pairs_apart, turn
from detok.model.source import Source
from detok.model.threads import side_by_side
from detok.model.vocabulary import Vocabulary

T = TypeVar("T")
# Tokens whose keys one thread reads at once, for every head of a group.
SEARCHED = 4096


class NotOfRotary(InputError, AttributeError):
    """What only a layer with learned positions has was asked of a rotary one."""


@dataclass(frozen=True, eq=False, repr=False)
class RotaryLayer(
    AnyLayer,
    Displayed,
    then=(
        "detok.affinity(layer, token, distance=1)",
        "detok.terms(layer, ids)",
        "detok.distance_curve(layer, current, past)",
        "detok.distance_bias(layer)",
    ),
):
    """A first attention layer whose scores depend on the distance Δ = i − j in place of positions.

    No position is added to a token, so that its norm, its queries and its keys are its own: keys of
    all tokens are kept once a key head, and a search reads each of their numbers once. Queries are
    projected when they are asked for: kept, they would take more memory than keys that heads share.
    Queries and keys are turned by their positions, or (ALiBi) scores fall with distance: `slopes`.
    """

    source: Source
    tokenizer: Vocabulary
    first: RotaryFirst
    n_rows: int
    holes: torch.Tensor  # (holes,)
    n_heads: int
    W_E: torch.Tensor  # (V, d), in half precision where the checkpoint is
    K: torch.Tensor  # (H_kv, V, d'), of all tokens, without b'^K, not turned
    query: Projection  # of H heads
    key: Projection  # of H_kv heads
    theta: torch.Tensor  # (d'/2,), frequency of each pair of coordinates, 0 for what is not turned

    def __repr__(self) -> str:
        return (
            f"RotaryLayer({self.name!r}, H={self.n_heads}, H_kv={self.n_key_heads}, "
            f"d={self.d_model}, d'={self.d_head}, V={self.vocab_size}, {self.K.dtype}, "
            f"device={str(self.device)!r})"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in {field.name for field in fields(self)}:
            raise AttributeError(name)
        raise NotOfRotary(
            f"{self.name!r} adds no positions to tokens, and scores depend on their distance: it "
            f"has no {name!r}; expected a model with learned positions, such as GPT-2, "
            f"for what needs it ({', '.join(self.term_names)} are the terms of this one)"
        )

    def _parts(self) -> dict[str, Any]:
        window, slopes = self.first.window, self.first.slopes
        seen = "what is before it" if window is None else f"the last {window - 1:,} before it"
        by_distance = {"coordinates that are turned": 2 * int((self.theta > 0).sum())}
        if slopes is not None:
            lost = f"{slopes.min():.3g} … {slopes.max():.3g}"
            by_distance = {"scaled scores lose for a token of distance": lost}
        return {
            **super()._parts(),
            "key heads H_kv": self.n_key_heads,
            "terms": ", ".join(self.term_names),
            **by_distance,
            "i attends to": f"itself and {seen}",
        }

    @property
    def term_names(self) -> tuple[str, ...]:
        by_query = ("e",) if self.query.bias is None else ("e", "b")
        by_key = ("e",) if self.key.bias is None else ("e", "b")
        names = [i + j for j in by_key for i in by_query]
        return tuple(names if self.slopes is None or "bb" in names else [*names, "bb"])

    @property
    def slopes(self) -> torch.Tensor | None:
        """What T^bb loses, unscaled, for each token of distance, (H,), where that is no turn."""
        slopes = self.first.slopes
        return None if slopes is None else (slopes * self.scale).to(self.device, self.dtype)

    @property
    def soft_cap(self) -> float | None:
        return self.first.soft_cap

    @property
    def window(self) -> int | None:
        return self.first.window

    @property
    def d_head(self) -> int:
        return self.K.shape[2]

    @property
    def dtype(self) -> torch.dtype:
        return self.K.dtype

    @property
    def n_key_heads(self) -> int:
        return self.K.shape[0]

    @property
    def b_Q(self) -> torch.Tensor | None:
        """b'^Q, (H, d'), if queries have a part that is no token's."""
        return self.query.bias

    @property
    def b_K(self) -> torch.Tensor | None:
        """b'^K by query head, (H, d'), if keys have such a part."""
        return None if self.key.bias is None else self.key.bias[self.key_heads()]

    def key_heads(self, heads: Sequence[int] | None = None) -> list[int]:
        """The key head that each head reads."""
        share = self.n_heads // self.n_key_heads
        return [head // share for head in (range(self.n_heads) if heads is None else heads)]

    def normed(self, ids: torch.Tensor | slice) -> torch.Tensor:
        """e/σ of tokens, centred where the norm is LayerNorm, (n, d), in the type of the keys."""
        return _normed(self.embedded(ids), self.first.norm)

    def embedded(self, ids: torch.Tensor | slice) -> torch.Tensor:
        """e of tokens, which the layer's norm reads, (n, d), in the type of the keys.

        It is their row of W_E, or what a norm of the embeddings makes of it.
        """
        return _embedded(self.W_E[ids].to(self.dtype), self.first)

    def over_tokens(self, work: Callable[[slice, torch.Tensor], T]) -> list[T]:
        """What `work` makes of blocks of all tokens: of their ids, and of them `normed`, (B, d)."""
        return side_by_side(lambda ids: work(ids, self.normed(ids)), _blocks(self.W_E), self.device)

    def queries(self, ids: torch.Tensor) -> torch.Tensor:
        """Queries of tokens in all heads, without b'^Q and not turned, (H, n, d')."""
        return self.query(self.normed(ids))

    def keys(self, ids: torch.Tensor) -> torch.Tensor:
        """Keys of tokens by query head, without b'^K and not turned, (H, n, d')."""
        return self.K[:, ids][self.key_heads()]

    def turned(self, vectors: torch.Tensor, positions: torch.Tensor | float) -> torch.Tensor:
        """Vectors (…, n, d') turned to positions (n,), or all by one distance."""
        where = torch.as_tensor(positions, dtype=torch.float64, device="cpu")
        angles = where[..., None] * self.theta  # (n, d'/2)
        return turn(vectors, angles)

    @property
    def n_distances(self) -> int:
        """The distances Δ = i − j of tokens that i sees are 0 … n − 1."""
        window = self.first.window
        return self.n_positions if window is None else min(window, self.n_positions)

    def n_visible(self, i: int) -> int:
        """How many positions, from 0 on, a text needs to hold all that the token at i sees."""
        return i + 1

    def first_visible(self, i: int) -> int:
        return 0 if self.first.window is None else max(0, i + 1 - self.first.window)

    def key_products(
        self, vectors: torch.Tensor, heads: Sequence[int] | None = None
    ) -> torch.Tensor:
        """Products of a vector of each head (heads, d') with the keys of all tokens, (heads, V).

        Without b'^K. Where all heads are wanted, each number of the keys is read once.
        """
        if heads is not None:
            pairs = zip(vectors, self.key_heads(heads), strict=True)
            return torch.stack([self.K[key_head] @ vector for vector, key_head in pairs])
        grouped = vectors.unflatten(0, (self.n_key_heads, -1)).mT  # (H_kv, d', H / H_kv)
        products = self.K.new_empty(*self.K.shape[:2], grouped.shape[2])  # (H_kv, V, H / H_kv)

        def fill(start: int) -> None:
            block = slice(start, start + SEARCHED)
            torch.bmm(self.K[:, block], grouped, out=products[:, block])

        side_by_side(fill, range(0, self.vocab_size, SEARCHED), self.device)
        return products.mT.flatten(0, 1)  # (H, V)

    def query_products(
        self, vectors: torch.Tensor, heads: Sequence[int] | None = None
    ) -> torch.Tensor:
        """Products of a vector of each head (heads, d') with the queries of all tokens, (heads, V).

        Without b'^Q, unless a norm mixes it in. The vectors are brought to the width of the
        embeddings, so that no token is projected.
        """
        of = ALL if heads is None else list(heads)
        norm, b = self.query.norm, self.query.b
        own = vectors if norm is None else vectors * norm.weight[of]
        wide = (self.query.W[of] @ own[:, :, None])[:, :, 0].T  # (d, heads)
        parts = self.over_tokens(lambda _, x: (x @ wide).T)
        products = torch.cat(parts, dim=1)  # (heads, V)
        if norm is None:
            return products
        if b is not None:
            products += (b[of] * own).sum(dim=1, keepdim=True)
        products /= self._query_divisors if norm.is_over_all else self._query_divisors[of]
        if norm.bias is not None:
            products += (norm.bias[of] * vectors).sum(dim=1, keepdim=True)
        return products

    @cached_property
    def _query_divisors(self) -> torch.Tensor:
        """What the norm of queries divides those of all tokens by, (H, V), or (1, V)."""
        W, norm = self.query.W, self.query.norm
        added = 0 if self.query.b is None else self.query.b[:, None]
        return torch.cat(self.over_tokens(lambda _, x: norm.divisor(x @ W + added)), dim=1)[..., 0]

    def score_bound(self) -> float:
        most, first, root = largest(self.W_E), self.first, self.d_model**0.5
        for norm in (first.embedding_norm, first.norm):
            if norm is None:
                continue
            # The squares of centred embeddings, which the norm adds up.
            if not (2 * root * most) * (2 * root * most) < torch.finfo(self.dtype).max:
                return math.inf
            most = 1.0 if norm is first.norm else root * largest(norm.weight) + largest(norm.bias)
        lost = 0.0 if self.slopes is None else self.slopes.max().item() * self.n_distances
        # A turn mixes two coordinates; four terms add up.
        return 8 * self.d_head * self.query.bound(root * most) * self.key.bound(root * most) + lost

    def mean_query(self, weights: torch.Tensor) -> torch.Tensor:
        weights = weights.to(self.dtype)
        if self.query.norm is None:  # the mean of projections is that of the mean
            mean = sum(self.over_tokens(lambda ids, x: weights[ids] @ x))  # (d,)
            return self.query(mean[None])[:, 0]  # (H, d')
        return sum(self.over_tokens(lambda ids, x: weights[ids] @ self.query(x)))  # (H, d')

    def at_neighbour(self, queries: torch.Tensor) -> torch.Tensor:
        return self.turned(queries, 1)

    def neighbour_queries(self, head: int, ids: torch.Tensor) -> torch.Tensor:
        own = self.query(self.normed(ids), slice(head, head + 1))[0]  # (R, d')
        return self.at_neighbour(own)

    def neighbour_keys(self, head: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.K[self.key_heads([head])[0]], self.K.new_ones(())


def fold_rotary(
    first: RotaryFirst,
    tokenizer: Vocabulary,
    source: Source,
    device: torch.device,
    dtype: torch.dtype,
) -> RotaryLayer:
    """Folds norm and biases (in float64), and projects all tokens to their keys."""
    n_rows = len(first.W_E)
    first = replace(first, W_E=first.W_E[: tokenizer.n_ids])
    W_E, holes = embeddings(first, tokenizer, device, dtype)  # (V, d), (holes,)
    d_head = first.W_K.shape[1] // first.n_key_heads
    frequencies, factor = first.frequencies()
    n_turned = 2 * len(frequencies)
    if n_turned > d_head or d_head % 2:
        raise CheckpointError(
            f"a head has d' = {d_head} coordinates, of which {n_turned} are to be turned in pairs; "
            "expected an even number, and no more than there are"
        )
    order = pairs_apart(d_head, n_turned, first.is_interleaved)  # (d',)
    factors = torch.ones(d_head, dtype=torch.float64)  # (d',)
    factors[order < n_turned] = factor
    theta = torch.zeros(d_head // 2, dtype=torch.float64)
    theta[: len(frequencies)] = frequencies.double()

    def projection(
        W: torch.Tensor, b: torch.Tensor | None, n_heads: int, norm: Norm | None
    ) -> Projection:
        return Projection.of(W, b, n_heads, first.norm, norm, order, factors, device, dtype)

    key = projection(first.W_K, first.b_K, first.n_key_heads, first.k_norm)
    K = torch.empty(first.n_key_heads, len(W_E), d_head, dtype=dtype, device=device)

    def fill(ids: slice) -> None:
        K[:, ids] = key(_normed(_embedded(W_E[ids].to(dtype), first), first.norm))

    side_by_side(fill, _blocks(W_E), device)
    return RotaryLayer(
        source=source,
        tokenizer=tokenizer,
        first=first,
        n_rows=n_rows,
        holes=holes.to(device),
        n_heads=first.n_heads,
        W_E=W_E,
        K=K,
        query=projection(first.W_Q, first.b_Q, first.n_heads, first.q_norm),
        key=key,
        theta=theta,
    )


def _blocks(W_E: torch.Tensor) -> list[slice]:
    """Rows of a matrix (V, d) in blocks that stay in a large cache."""
    size = max(1, BLOCK_VALUES // W_E.shape[1])
    return [slice(start, start + size) for start in range(0, len(W_E), size)]


def _embedded(e: torch.Tensor, first: RotaryFirst) -> torch.Tensor:
    """Rows of W_E, (n, d), after the norm of the embeddings, if there is one."""
    norm = first.embedding_norm
    return e if norm is None else _normed(e, norm) * norm.weight.to(e) + norm.bias.to(e)


def _normed(e: torch.Tensor, norm: Norm | None) -> torch.Tensor:
    """Embeddings (n, d) divided by σ, without the norm's weight and bias."""
    if norm is None:
        return e
    e = centre(e) if norm.is_centred else e
    return e / e.square().mean(dim=1, keepdim=True).add_(norm.eps).sqrt_()
