"""What a config.json alone says of a model's first layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from detok.model.families import family_of


@dataclass(frozen=True)
class Sizes:
    """The sizes of a model, as far as its first layer goes."""

    architecture: str  # model_type
    n_layers: int  # of the whole model
    n_heads: int
    d_model: int
    d_head: int
    n_positions: int
    vocab_size: int  # rows of the embedding
    scale: float  # what softmax divides scores by
    is_causal: bool
    n_numbers: int  # of the tensors that are fetched of it
    n_projected: int  # of what is computed from them and kept


def sizes_of(config: Mapping[str, Any]) -> Sizes:
    """The sizes that a config.json asks for.

    Raises: CheckpointError if the architecture is not supported.
    """
    plan = family_of(config).plan(config)
    # How a first layer is made of its tensors is the family's to say: of one number each, repeated
    # without memory. On the device "meta" the same would take two seconds of imports.
    nothing = torch.zeros(())
    first = plan.first_layer(
        {name: nothing.expand(tuple(shape.values())) for name, shape in plan.fetched.items()}
    )
    return Sizes(
        architecture=str(config["model_type"]),
        n_layers=first.n_layers,
        n_heads=first.n_heads,
        d_model=first.W_E.shape[1],
        d_head=first.W_Q.shape[1] // first.n_heads,
        n_positions=first.n_positions,
        vocab_size=first.W_E.shape[0],
        scale=first.scale,
        is_causal=first.is_causal,
        n_numbers=sum(prod(shape.values()) for shape in plan.fetched.values()),
        n_projected=first.n_projected,
    )
