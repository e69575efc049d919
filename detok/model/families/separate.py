"""What families with separate projections, each a `torch.nn.Linear`, have in common."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from detok.model.families.family import FirstLayer, Plan, Shapes


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of the tensors; but for the first two without their ".weight" and ".bias".

    The last three are for families whose heads write what logits read directly.
    """

    W_E: str
    W_pos: str
    norm: str
    query: str
    key: str
    value: str = ""
    output: str = ""
    last_norm: str = ""


def separate(
    names: Names,
    *,
    V: int,
    L: int,
    d: int,
    n_heads: int,
    n_layers: int,
    eps: float = 1e-5,
    scale: float | None = None,
    n_before: int = 0,
    query_bias: bool = True,
    key_bias: bool = True,
    is_causal: bool = True,
    padding_id: int | None = None,
    W_U: Shapes | None = None,
    undefined: str = "",
) -> Plan:
    """The plan of a first layer that is made of these tensors.

    `n_before` rows of the positions stand before that of a text's first token. The scale is √d'
    unless given; a bias that the model does not have is 0. `W_U` is the shape of the unembedding
    if it is not W_E, and `undefined` as in `FirstLayer`.
    """
    has_bias = {names.query: query_bias, names.key: key_bias}

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        def bias(projection: str) -> torch.Tensor:
            weight = tensors[f"{projection}.weight"]
            return tensors[f"{projection}.bias"] if has_bias[projection] else weight.new_zeros(d)

        def weight(projection: str) -> torch.Tensor | None:
            found = tensors.get(f"{projection}.weight")
            return None if found is None else found.T

        return FirstLayer(
            W_E=tensors[names.W_E],
            W_pos=tensors[names.W_pos][n_before:],
            ln_1_weight=tensors[f"{names.norm}.weight"],
            ln_1_bias=tensors[f"{names.norm}.bias"],
            ln_1_eps=eps,
            W_Q=tensors[f"{names.query}.weight"].T,
            b_Q=bias(names.query),
            W_K=tensors[f"{names.key}.weight"].T,
            b_K=bias(names.key),
            n_heads=n_heads,
            n_layers=n_layers,
            scale=(d // n_heads) ** 0.5 if scale is None else scale,
            is_causal=is_causal,
            padding_id=padding_id,
            W_V=weight(names.value),
            W_O=weight(names.output),
            ln_f_weight=tensors.get(f"{names.last_norm}.weight"),
            W_U=tensors.get(next(iter(W_U or ()), "")),
            is_tied=not W_U,
            undefined=undefined,
        )

    shapes = {
        names.W_E: {"V": V, "d": d},
        names.W_pos: {f"L + {n_before}" if n_before else "L": L + n_before, "d": d},
        f"{names.norm}.weight": {"d": d},
        f"{names.norm}.bias": {"d": d},
    }
    for projection, biased in has_bias.items():
        shapes[f"{projection}.weight"] = {"H·d'": d, "d": d}
        if biased:
            shapes[f"{projection}.bias"] = {"H·d'": d}
    if undefined:
        return Plan(shapes, first_layer)
    written = {
        f"{names.value}.weight": {"H·d'": d, "d": d},
        f"{names.output}.weight": {"d": d, "H·d'": d},
        f"{names.last_norm}.weight": {"d": d},
    }
    return Plan(shapes, first_layer, written, W_U or {})
