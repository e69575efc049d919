"""GPT-NeoX, such as Pythia: the query, key and value of a head are side by side in one matrix."""

from collections.abc import Mapping

import torch

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan, RotaryFirst
from detok.model.families.rotary import LAYER, Names, rotary

_FUSED = "layers.0.attention.query_key_value"
_NAMES = Names(W_E="embed_in.weight", query=f"{_FUSED}.query", key=f"{_FUSED}.key")
_CUT = (_NAMES.query, _NAMES.key)


def plan(config: Config) -> Plan:
    has_bias = bool(config.get("attention_bias", True))
    cut = rotary(
        {**config, "num_key_value_heads": None},
        eps=epsilon(config, "layer_norm_eps"),
        names=_NAMES,
        norm=LAYER,
        bias=has_bias,
    )
    d, H = config["hidden_size"], config["num_attention_heads"]

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> RotaryFirst:
        parts = dict(tensors)
        for end in ("weight", "bias") if has_bias else ("weight",):
            by_head = tensors[f"{_FUSED}.{end}"].unflatten(0, (H, 3, -1))  # (H, 3, d', …)
            for n, name in enumerate(_CUT):
                parts[f"{name}.{end}"] = by_head[:, n].flatten(0, 1)  # (H·d', …)
        return cut.first_layer(parts)

    shapes = {name: shape for name, shape in cut.shapes.items() if not name.startswith(_CUT)}
    shapes[f"{_FUSED}.weight"] = {"3d": 3 * d, "d": d}
    if has_bias:
        shapes[f"{_FUSED}.bias"] = {"3d": 3 * d}
    return Plan(shapes, first_layer)


FAMILY = Family(
    plan, model_class="GPTNeoXModel", prefixes=("gpt_neox.", ""), one_layer={"num_hidden_layers": 1}
)
