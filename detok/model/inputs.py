"""Checks of what a caller gives: heads, token ids and positions."""

from collections.abc import Sequence
from numbers import Integral

import torch

from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer

_NO_IDS = (torch.bool, torch.complex64, torch.complex128)


def check_heads(layer: AnyLayer, heads: Sequence[int] | int | None) -> list[int]:
    """Head numbers as a list; None means all.

    Raises: InputError if there are none, or one is out of range.
    """
    chosen = range(layer.n_heads) if heads is None else [heads] if isinstance(heads, int) else heads
    if not all(isinstance(h, Integral) for h in chosen):
        raise InputError(f"heads are {heads!r}; expected head numbers, or None for all")
    wrong = [h for h in chosen if not 0 <= h < layer.n_heads]
    if wrong or not len(chosen):
        found = f"head {wrong[0]} is out of range" if wrong else "no head is chosen"
        raise InputError(f"{found}; expected 0 ≤ head < H = {layer.n_heads}")
    return list(chosen)


def check_ids(layer: AnyLayer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Token ids of a text as a tensor (n,) on the layer's device.

    Raises: InputError if there are none, more than L, or one that is no token of the model.
    """
    tensor = check_text(ids, layer.n_positions, layer.vocab_size)
    padding = layer.first.padding_id
    if padding is not None and (tensor == padding).any():
        raise InputError(
            f"token id {padding} is this model's padding, which has no position of its own; "
            "expected a text without it"
        )
    return tensor.to(layer.device, torch.long)


def check_text(
    ids: Sequence[int] | torch.Tensor, n_positions: int, vocab_size: int
) -> torch.Tensor:
    """As `check_ids`, for a model of which only L and V are known; the tensor is where it was."""
    try:
        tensor = torch.as_tensor(ids)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"ids cannot be read as numbers ({error}); expected token ids, as of tokenizer.encode"
        ) from error
    if tensor.numel() == 0:
        raise InputError("the text has no tokens; expected at least 1")
    if tensor.ndim != 1 or tensor.dtype in _NO_IDS or tensor.is_floating_point():
        raise InputError(
            f"ids have shape {tuple(tensor.shape)} and type {tensor.dtype}; expected (n,) integers"
        )
    if len(tensor) > n_positions:
        raise InputError(
            f"the text has n = {len(tensor)} tokens; expected at most L = {n_positions}, the "
            "positions of this model"
        )
    wrong = tensor[(tensor < 0) | (tensor >= vocab_size)]
    if len(wrong):
        raise InputError(
            f"token id {wrong[0].item()} is out of range; expected 0 ≤ id < V = {vocab_size}"
        )
    return tensor


def check_learned(layer: AnyLayer) -> None:
    """Raises: InputError for a layer without learned positions, which have six terms."""
    if not isinstance(layer, Layer):
        raise InputError(
            f"{layer.name!r} adds no positions to its tokens, and scores depend on their distance, "
            "which this does not show yet; expected a model with learned positions, such as GPT-2"
        )


def check_position(layer: AnyLayer, i: int) -> None:
    """Raises: InputError if i is no position of the model."""
    if not isinstance(i, Integral) or not 0 <= i < layer.n_positions:
        raise InputError(
            f"position {i!r} is out of range; expected 0 ≤ i < L = {layer.n_positions}"
        )


def check_distance(layer: RotaryLayer, distance: int | None) -> int:
    """A distance; None means that of neighbours, 1.

    Raises: InputError if no token sees another at it.
    """
    distance = 1 if distance is None else distance
    if not isinstance(distance, Integral) or not 0 <= distance < layer.n_distances:
        raise InputError(
            f"distance is {distance!r}; expected 0 ≤ distance < {layer.n_distances}, the distances "
            "at which this model's tokens see one another"
        )
    return distance


def check_amount(name: str, value: int) -> None:
    """Raises: InputError if a value is no whole number from 1 on."""
    if not isinstance(value, Integral) or value < 1:
        raise InputError(f"{name} is {value!r}; expected at least 1, a whole number")


def check_index(name: str, value: int, size: int, letter: str) -> None:
    """Raises: InputError if a value is no integer from 0 to the size of a dimension less 1."""
    if not isinstance(value, Integral) or not 0 <= value < size:
        raise InputError(f"{name} is {value!r}; expected 0 ≤ {name} < {letter} = {size}")
