"""GPT-Neo: scores are not divided by √d', and no projection has a bias."""

from collections.abc import Mapping

import torch

from detok.errors import CheckpointError
from detok.model.families.config import Config, epsilon, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan


def plan(config: Config) -> Plan:
    V, L = size(config, "vocab_size"), size(config, "max_position_embeddings")
    d, H = size(config, "hidden_size"), size(config, "num_heads")
    width_of_heads(config, "hidden_size", "num_heads", d, H)
    n_layers, eps = size(config, "num_layers"), epsilon(config, "layer_norm_epsilon")
    kind = _kind_of_first(config)
    if kind != "global":
        raise CheckpointError(
            f"config.json has {kind!r} attention in the first layer; expected 'global', in which a "
            "token sees all before it"
        )
    attention = "h.0.attn.attention."

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        W_Q = tensors[f"{attention}q_proj.weight"].T
        none = torch.zeros(d, dtype=W_Q.dtype)
        return FirstLayer(
            W_E=tensors["wte.weight"],
            W_pos=tensors["wpe.weight"],
            ln_1_weight=tensors["h.0.ln_1.weight"],
            ln_1_bias=tensors["h.0.ln_1.bias"],
            ln_1_eps=eps,
            W_Q=W_Q,
            b_Q=none,
            W_K=tensors[f"{attention}k_proj.weight"].T,
            b_K=none,
            n_heads=H,
            n_layers=n_layers,
            scale=1.0,
        )

    shapes = {
        "wte.weight": {"V": V, "d": d},
        "wpe.weight": {"L": L, "d": d},
        "h.0.ln_1.weight": {"d": d},
        "h.0.ln_1.bias": {"d": d},
        f"{attention}q_proj.weight": {"H·d'": d, "d": d},
        f"{attention}k_proj.weight": {"H·d'": d, "d": d},
    }
    return Plan(shapes, first_layer)


def _kind_of_first(config: Config) -> object:
    """The kind of the first layer's attention: attention_types is [[[kinds], repetitions], …]."""
    types = config.get("attention_types", [[["global", "local"], 12]])
    try:
        return types[0][0][0]
    except (TypeError, IndexError, KeyError):
        return types


FAMILY = Family(
    plan,
    model_class="GPTNeoModel",
    prefixes=("", "transformer."),
    one_layer={"num_layers": 1, "attention_types": [[["global"], 1]]},
)
