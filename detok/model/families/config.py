"""Reading config.json: every value checked, with a sentence for one that cannot be used."""

import math
from collections.abc import Mapping
from typing import Any

from detok.errors import CheckpointError

Config = Mapping[str, Any]


def size(config: Config, key: str, default: int | None = None) -> int:
    """A positive integer."""
    value = config.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(f"config.json has {key} = {value!r}; expected a positive integer")
    return value


def width_of_heads(config: Config, d_key: str, heads_key: str, d: int, n_heads: int) -> int:
    """d', the width of a head."""
    if d % n_heads:
        raise CheckpointError(
            f"config.json has {d_key} = {d}, not a multiple of {heads_key} = {n_heads}; expected "
            "one"
        )
    return d // n_heads


def epsilon(config: Config, key: str, default: float = 1e-5) -> float:
    """What LayerNorm adds to the variance."""
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise CheckpointError(f"config.json has {key} = {value!r}; expected a positive number")
    return float(value)


def unembedding(config: Config, name: str, V: int, d: int) -> dict[str, Mapping[str, int]]:
    """The shape of W_U by its name, if config.json unties it from the embeddings."""
    return {} if config.get("tie_word_embeddings", True) else {name: {"V": V, "d": d}}


def refuse_unless(config: Config, key: str, usual: Any, default: Any, what: str) -> None:
    """Refuses a checkpoint that asks for something other than its family's usual way."""
    value = config.get(key, default)
    if value != usual:
        raise CheckpointError(
            f"config.json has {key} = {value!r}, which asks for {what}; expected {usual!r}"
        )
