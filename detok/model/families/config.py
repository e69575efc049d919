"""Reading config.json: every value checked, with a sentence for one that cannot be used."""

import math
from collections.abc import Mapping
from typing import Any

from detok.errors import CheckpointError

Config = Mapping[str, Any]
# No size of a model comes near it; with larger ones the products of two are no sizes of tensors.
MAX_SIZE = 1 << 30
# Of LayerNorm's ε, which is about 1e-5; a far larger one would leave nothing of any token.
MAX_EPSILON = 1e6


def size(config: Config, key: str, default: int | None = None, *, at_most: int = MAX_SIZE) -> int:
    """A positive integer up to `at_most`.

    Raises: CheckpointError for anything else.
    """
    value = config.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(
            f"config.json has {key} = {shown(value)}; expected a positive integer"
        )
    if value > at_most:
        raise CheckpointError(
            f"config.json has {key} = {shown(value)}; expected at most {at_most:,}"
        )
    return value


def shown(value: Any) -> str:
    """A value of config.json as a sentence may quote it, whatever its length."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 64:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def width_of_heads(config: Config, d_key: str, heads_key: str, d: int, n_heads: int) -> int:
    """d', the width of a head."""
    if d % n_heads:
        raise CheckpointError(
            f"config.json has {d_key} = {d}, not a multiple of {heads_key} = {n_heads}; expected "
            "one"
        )
    return d // n_heads


def epsilon(config: Config, key: str, default: float = 1e-5) -> float:
    """What LayerNorm adds to the variance.

    Raises: CheckpointError for what is no positive number, or one beside which no variance counts.
    """
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise CheckpointError(f"config.json has {key} = {shown(value)}; expected a positive number")
    if value > MAX_EPSILON:
        raise CheckpointError(
            f"config.json has {key} = {shown(value)}; expected at most {MAX_EPSILON:g}, beside "
            "which a variance still counts"
        )
    return float(value)


def unembedding(config: Config, name: str, V: int, d: int) -> dict[str, Mapping[str, int]]:
    """The shape of W_U by its name, if config.json unties it from the embeddings."""
    return {} if config.get("tie_word_embeddings", True) else {name: {"V": V, "d": d}}


def refuse_unless(config: Config, key: str, usual: Any, default: Any, what: str) -> None:
    """Refuses a checkpoint that asks for something other than its family's usual way."""
    value = config.get(key, default)
    if value != usual:
        raise CheckpointError(
            f"config.json has {key} = {shown(value)}, which asks for {what}; expected {usual!r}"
        )


def flag(config: Config, key: str, default: bool) -> bool:
    """True or false.

    Raises: CheckpointError for anything else.
    """
    value = config.get(key, default)
    if not isinstance(value, bool):
        raise CheckpointError(f"config.json has {key} = {shown(value)}; expected true or false")
    return value
