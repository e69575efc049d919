"""What a family of models says of itself, and the first layer that it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass(frozen=True, kw_only=True)
class FirstLayer:
    """Everything from the input to the attention scores of the first layer, as in the checkpoint.

    The layer's input is LayerNorm(W_E[token] + W_pos[position]). Matrices act on row vectors: a
    query is x @ W_Q + b_Q. The heads lie side by side in the last dimension.
    """

    W_E: torch.Tensor  # (V, d)
    W_pos: torch.Tensor  # (L, d), from the position of a text's first token
    ln_1_weight: torch.Tensor  # (d,)
    ln_1_bias: torch.Tensor  # (d,)
    ln_1_eps: float
    W_Q: torch.Tensor  # (d, H·d')
    b_Q: torch.Tensor  # (H·d',)
    W_K: torch.Tensor  # (d, H·d')
    b_K: torch.Tensor  # (H·d',)
    n_heads: int
    n_layers: int  # of the whole model
    scale: float  # what softmax divides scores by
    is_causal: bool = True
    padding_id: int | None = None  # a token that the model gives no position of its own
    # What the heads write, and how logits read it. None where the files lack it, and of a family
    # of which `undefined` says why its heads write nothing that logits read directly.
    W_V: torch.Tensor | None = None  # (d, H·d')
    W_O: torch.Tensor | None = None  # (H·d', d)
    ln_f_weight: torch.Tensor | None = None  # (d,), of the LayerNorm before the logits
    W_U: torch.Tensor | None = None  # (V, d), what logits are made with where that is not W_E
    is_tied: bool = True  # whether that is W_E
    undefined: str = ""

    @property
    def n_positions(self) -> int:
        return self.W_pos.shape[0]

    @property
    def n_projected(self) -> int:
        """Numbers of the projections of all tokens and positions, to queries and to keys."""
        return 2 * (len(self.W_E) + len(self.W_pos)) * self.W_Q.shape[1]


@dataclass(frozen=True, kw_only=True)
class Norm:
    """LayerNorm, (x − mean) / σ · weight + bias, or RMSNorm, which takes off no mean."""

    weight: torch.Tensor  # (d,); of queries and keys also (d',), (H, d'), or (H·d',) over all heads
    bias: torch.Tensor | None = None  # in the shape of the weight
    eps: float
    is_centred: bool


@dataclass(frozen=True, kw_only=True)
class RotaryFirst:
    """As `FirstLayer`, of a model that turns queries and keys by their positions.

    Queries are x @ W_Q + b_Q with x the normed embedding, normed once more where `q_norm` is given,
    and then turned: pairs of their first coordinates by the angles position · frequency, either
    coordinate m with m + r/2 of the r that are turned, or (interleaved) 2m with 2m + 1. Where there
    are `slopes` nothing is turned: each token of distance takes so much off a scaled score (ALiBi).
    """

    W_E: torch.Tensor  # (V, d)
    norm: Norm | None  # an embedding scale s is in its eps: norm(s·e; ε) = norm(e; ε/s²)
    W_Q: torch.Tensor  # (d, H·d')
    b_Q: torch.Tensor | None  # (H·d',)
    W_K: torch.Tensor  # (d, H_kv·d')
    b_K: torch.Tensor | None  # (H_kv·d',)
    q_norm: Norm | None
    k_norm: Norm | None
    # Those of the r/2 pairs, (r/2,), and what both queries' and keys' turned coordinates are
    # multiplied by. A function, as it takes seconds to import what knows them.
    frequencies: Callable[[], tuple[torch.Tensor, float]]
    is_interleaved: bool
    n_heads: int
    n_key_heads: int  # H_kv; head h reads key head ⌊h · H_kv / H⌋
    n_layers: int  # of the whole model
    n_positions: int  # of the longest text for which these frequencies hold
    scale: float  # what softmax divides scores by
    embedding_norm: Norm | None = None  # of W_E, before `norm`
    slopes: torch.Tensor | None = None  # (H,)
    soft_cap: float | None = None  # c: softmax takes c · tanh(score / c)
    window: int | None = None  # a token sees only the last so many, itself among them
    is_causal: bool = True
    padding_id: int | None = None
    undefined: str = "detok does not read yet what heads write where scores depend on distance"

    @property
    def n_projected(self) -> int:
        """Numbers of the projections of all tokens to keys, and of what projects queries."""
        return len(self.W_E) * self.W_K.shape[1] + self.W_Q.numel() + self.W_K.numel()


First = FirstLayer | RotaryFirst
# By the names of tensors: sizes by dimension letter, in order.
Shapes = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Plan:
    """The tensors that a checkpoint's first layer needs, and how it is made of them.

    `written` are what else is read, and fetched, if a checkpoint has it: what the heads write, and
    the weight of the last LayerNorm. `here` are too large to be fetched, and read where they are.
    """

    shapes: Shapes
    first_layer: Callable[[Mapping[str, torch.Tensor]], First]
    written: Shapes = field(default_factory=dict)
    here: Shapes = field(default_factory=dict)

    @property
    def fetched(self) -> Shapes:
        """All that is fetched of a checkpoint that has it."""
        return {**self.shapes, **self.written}


@dataclass(frozen=True)
class Family:
    """An architecture: how its first layer is read, and what `transformers` proves it against."""

    plan: Callable[[Mapping[str, Any]], Plan]
    model_class: str  # of `transformers`
    prefixes: tuple[str, ...]  # under which a checkpoint may keep the names of `Plan.shapes`
    one_layer: Mapping[str, Any]  # configuration of that model cut after the first layer
    part: str = ""  # attribute of that model that holds the layer
