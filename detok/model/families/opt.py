"""OPT: a text's first token stands at the third of the learned positions."""

from collections.abc import Mapping

import torch

from detok.model.families.config import Config, refuse_unless, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan

OFFSET = 2  # rows of the positions before that of the first token


def plan(config: Config) -> Plan:
    V, L = size(config, "vocab_size"), size(config, "max_position_embeddings")
    d, H = size(config, "hidden_size"), size(config, "num_attention_heads")
    d_head = width_of_heads(config, "hidden_size", "num_attention_heads", d, H)
    n_layers = size(config, "num_hidden_layers")
    # As opt-350m, whose first attention comes before any LayerNorm.
    after = "LayerNorm after the attention, so that none comes before the first"
    refuse_unless(config, "do_layer_norm_before", True, True, after)
    refuse_unless(config, "word_embed_proj_dim", d, d, "embeddings of another width than the model")
    refuse_unless(config, "layer_norm_elementwise_affine", True, True, "LayerNorm without weights")
    has_bias = bool(config.get("enable_bias", True))
    attention = "layers.0.self_attn."
    norm = "layers.0.self_attn_layer_norm."

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        W_Q = tensors[f"{attention}q_proj.weight"].T
        none = torch.zeros(d, dtype=W_Q.dtype)
        return FirstLayer(
            W_E=tensors["embed_tokens.weight"],
            W_pos=tensors["embed_positions.weight"][OFFSET:],
            ln_1_weight=tensors[f"{norm}weight"],
            ln_1_bias=tensors[f"{norm}bias"],
            ln_1_eps=1e-5,
            W_Q=W_Q,
            b_Q=tensors.get(f"{attention}q_proj.bias", none),
            W_K=tensors[f"{attention}k_proj.weight"].T,
            b_K=tensors.get(f"{attention}k_proj.bias", none),
            n_heads=H,
            n_layers=n_layers,
            scale=d_head**0.5,
        )

    shapes = {
        "embed_tokens.weight": {"V": V, "d": d},
        "embed_positions.weight": {f"L + {OFFSET}": L + OFFSET, "d": d},
        f"{norm}weight": {"d": d},
        f"{norm}bias": {"d": d},
        f"{attention}q_proj.weight": {"H·d'": d, "d": d},
        f"{attention}k_proj.weight": {"H·d'": d, "d": d},
    }
    if has_bias:
        shapes[f"{attention}q_proj.bias"] = {"H·d'": d}
        shapes[f"{attention}k_proj.bias"] = {"H·d'": d}
    return Plan(shapes, first_layer)


FAMILY = Family(
    plan,
    model_class="OPTModel",
    prefixes=("model.decoder.", "decoder.", ""),
    one_layer={"num_hidden_layers": 1},
)
