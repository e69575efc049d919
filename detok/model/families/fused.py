"""Families whose queries, keys and values are side by side in one matrix."""

from collections.abc import Callable, Mapping

import torch

from detok.model.families.family import Plan, RotaryFirst

PARTS = ("query", "key")  # of the three, the values being the last


def fused(
    cut: Plan, name: str, d: int, has_bias: bool, part: Callable[[torch.Tensor, int], torch.Tensor]
) -> Plan:
    """The plan of a first layer that has `name` in place of two projections, `name`.query and .key.

    `part` gives the first or the second of the three in the rows of a matrix (3d, …), or its bias.
    """
    ends = ("weight", "bias") if has_bias else ("weight",)

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> RotaryFirst:
        parts = dict(tensors)
        for end in ends:
            for n, own in enumerate(PARTS):
                parts[f"{name}.{own}.{end}"] = part(tensors[f"{name}.{end}"], n)
        return cut.first_layer(parts)

    shapes = {own: shape for own, shape in cut.shapes.items() if not own.startswith(f"{name}.")}
    shapes[f"{name}.weight"] = {"3d": 3 * d, "d": d}
    if has_bias:
        shapes[f"{name}.bias"] = {"3d": 3 * d}
    return Plan(shapes, first_layer)


def in_heads(n_heads: int) -> Callable[[torch.Tensor, int], torch.Tensor]:
    """The parts where each head has its three side by side."""
    return lambda rows, n: rows.unflatten(0, (n_heads, 3, -1))[:, n].flatten(0, 1)
