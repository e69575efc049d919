"""StableLM: a part of each head's coordinates is turned; a norm, if any, has weights by head."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Norm, Plan, RotaryFirst
from detok.model.families.rotary import LAYER, rotary


def plan(config: Config) -> Plan:
    eps = epsilon(config, "layer_norm_eps")
    plain = rotary(
        config,
        eps=eps,
        norm=LAYER,
        bias=bool(config.get("use_qkv_bias", False)),
    )
    if not config.get("qk_layernorm", False):
        return plain
    H = config["num_attention_heads"]
    n_key_heads = config.get("num_key_value_heads") or H
    d_head = config["hidden_size"] // H
    names_q, names_k = _names("q", H), _names("k", n_key_heads)

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> RotaryFirst:
        def norm(names: list[str]) -> Norm:
            weight = torch.stack([tensors[name] for name in names])  # (H, d')
            return Norm(weight=weight, eps=eps, is_centred=True)

        return replace(plain.first_layer(tensors), q_norm=norm(names_q), k_norm=norm(names_k))

    by_head = {name: {"d'": d_head} for name in (*names_q, *names_k)}
    return Plan({**plain.shapes, **by_head}, first_layer)


def _names(kind: str, n_heads: int) -> list[str]:
    return [f"layers.0.self_attn.{kind}_layernorm.norms.{h}.weight" for h in range(n_heads)]


FAMILY = Family(
    plan, model_class="StableLmModel", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
