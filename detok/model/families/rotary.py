"""What families that turn queries and keys have in common: a norm, two projections, a rotation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch

from detok.errors import CheckpointError
from detok.model.families.config import Config, size, width_of_heads
from detok.model.families.family import Norm, Plan, RotaryFirst
from detok.model.rotation import rope_frequencies


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names of the tensors, those of norms and projections without ".weight" and ".bias"."""

    W_E: str = "embed_tokens.weight"
    norm: str = "layers.0.input_layernorm"
    query: str = "layers.0.self_attn.q_proj"
    key: str = "layers.0.self_attn.k_proj"
    query_norm: str = "layers.0.self_attn.q_norm"
    key_norm: str = "layers.0.self_attn.k_norm"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of norm: RMSNorm unless `is_centred`, which is LayerNorm."""

    is_centred: bool = False
    has_bias: bool = False
    adds_one: bool = False  # to the weight as it is kept

    def shapes(self, name: str, shape: Mapping[str, int]) -> dict[str, Mapping[str, int]]:
        """The tensors of a norm, whose weight has this shape."""
        parts = ("weight", "bias") if self.has_bias else ("weight",)
        return {f"{name}.{part}": shape for part in parts}

    def norm(self, tensors: Mapping[str, torch.Tensor], name: str, eps: float) -> Norm:
        """The norm that is made of them."""
        weight = tensors[f"{name}.weight"]
        return Norm(
            weight=1 + weight.double() if self.adds_one else weight,
            bias=tensors[f"{name}.bias"] if self.has_bias else None,
            eps=eps,
            is_centred=self.is_centred,
        )


RMS = Kind()
LAYER = Kind(is_centred=True, has_bias=True)
Shape = Callable[[int, int], Mapping[str, int]]  # of heads and d'


def each_head(n_heads: int, d_head: int) -> Mapping[str, int]:
    """The shape of a norm's weight that all heads share."""
    return {"d'": d_head}


def rotary(
    config: Config,
    *,
    eps: float,
    names: Names = Names(),
    norm: Kind | None = RMS,
    bias: bool = False,
    head_norm: Kind | None = None,
    head_norm_shape: Shape = each_head,
    head_eps: float | None = None,
    d_head: int | None = None,
    scale: float | None = None,
    soft_cap: float | None = None,
    window: int | None = None,
    layer_type: str | None = None,
    frequencies: Callable[[], tuple[torch.Tensor, float]] | None = None,
    is_interleaved: bool = False,
) -> Plan:
    """The plan of a first layer that is made of these tensors, its sizes by their usual keys.

    `head_norm` is that of queries and keys, with `eps` unless it has its own. d' is head_dim, or
    else `d_head`, or else d / H; the scale is √d' and the frequencies are those of
    `rope_frequencies`, unless given.

    Raises: CheckpointError for sizes that cannot be.
    """
    V, d = size(config, "vocab_size"), size(config, "hidden_size")
    H = size(config, "num_attention_heads")
    has_groups = config.get("num_key_value_heads") is not None
    n_key_heads = size(config, "num_key_value_heads") if has_groups else H
    if H % n_key_heads:
        raise CheckpointError(
            f"config.json has num_attention_heads = {H}, not a multiple of num_key_value_heads = "
            f"{n_key_heads}; expected one"
        )
    if config.get("head_dim") is not None:
        width = size(config, "head_dim")
    else:
        usual = ("hidden_size", "num_attention_heads")
        width = d_head or width_of_heads(config, *usual, d, H)
    by_projection = {  # its norm, its letters, its heads
        names.query: (names.query_norm, "H", H),
        names.key: (names.key_norm, "H_kv", n_key_heads),
    }

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> RotaryFirst:
        def own_norm(name: str) -> Norm | None:
            own = eps if head_eps is None else head_eps
            return None if head_norm is None else head_norm.norm(tensors, name, own)

        return RotaryFirst(
            W_E=tensors[names.W_E],
            norm=None if norm is None else norm.norm(tensors, names.norm, eps),
            W_Q=tensors[f"{names.query}.weight"].T,
            b_Q=tensors[f"{names.query}.bias"] if bias else None,
            W_K=tensors[f"{names.key}.weight"].T,
            b_K=tensors[f"{names.key}.bias"] if bias else None,
            q_norm=own_norm(names.query_norm),
            k_norm=own_norm(names.key_norm),
            frequencies=frequencies or partial(rope_frequencies, config, layer_type),
            is_interleaved=is_interleaved,
            n_heads=H,
            n_key_heads=n_key_heads,
            n_layers=size(config, "num_hidden_layers"),
            n_positions=_n_positions(config),
            scale=width**0.5 if scale is None else scale,
            soft_cap=soft_cap,
            window=window,
        )

    shapes: dict[str, Mapping[str, int]] = {names.W_E: {"V": V, "d": d}}
    if norm is not None:
        shapes |= norm.shapes(names.norm, {"d": d})
    for projection, (own, letter, n_heads) in by_projection.items():
        shapes[f"{projection}.weight"] = {f"{letter}·d'": n_heads * width, "d": d}
        if bias:
            shapes[f"{projection}.bias"] = {f"{letter}·d'": n_heads * width}
        if head_norm is not None:
            shapes |= head_norm.shapes(own, head_norm_shape(n_heads, width))
    return Plan(shapes, first_layer)


def _n_positions(config: Config) -> int:
    """The tokens of the longest text; of "longrope", of one that has the shorter frequencies."""
    L = size(config, "max_position_embeddings")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if "longrope" not in (rope.get("rope_type"), rope.get("type")):
        return L
    return min(L, size({**rope, **config}, "original_max_position_embeddings", L))


def window_of(config: Config, is_sliding: bool, default: int | None = None) -> int | None:
    """How many tokens the first layer sees, if its attention is a sliding window."""
    asked = config.get("sliding_window", default)
    return size(config, "sliding_window", default) if is_sliding and asked is not None else None


def is_first_sliding(config: Config, otherwise: bool) -> bool:
    """Whether the first layer's attention is a window, by layer_types, where these are said."""
    types = config.get("layer_types")
    if types is None:
        return otherwise
    if not isinstance(types, list) or types[:1] not in (["sliding_attention"], ["full_attention"]):
        raise CheckpointError(
            f"config.json has layer_types = {types!r}; expected a list that begins with "
            "'sliding_attention' or 'full_attention'"
        )
    return types[0] == "sliding_attention"
