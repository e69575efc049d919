"""What a family of models says of itself, and the first layer that it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Plan:
    """The tensors that a checkpoint's first layer needs, and how it is made of them."""

    shapes: Mapping[str, Mapping[str, int]]  # by name: sizes by dimension letter, in order
    first_layer: Callable[[Mapping[str, torch.Tensor]], FirstLayer]


@dataclass(frozen=True)
class Family:
    """An architecture: how its first layer is read, and what `transformers` proves it against."""

    plan: Callable[[Mapping[str, Any]], Plan]
    model_class: str  # of `transformers`
    prefixes: tuple[str, ...]  # under which a checkpoint may keep the names of `Plan.shapes`
    one_layer: Mapping[str, Any]  # configuration of that model cut after the first layer
    part: str = ""  # attribute of that model that holds the layer
