"""Whisper's decoder: keys have no bias, and what is said so far is all that this layer sees."""

from collections.abc import Mapping

import torch

from detok.model.families.config import Config, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan


def plan(config: Config) -> Plan:
    V, L = size(config, "vocab_size"), size(config, "max_target_positions")
    d, H = size(config, "d_model"), size(config, "decoder_attention_heads")
    d_head = width_of_heads(config, "d_model", "decoder_attention_heads", d, H)
    n_layers = size(config, "decoder_layers")
    attention, norm = "layers.0.self_attn.", "layers.0.self_attn_layer_norm."

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        b_Q = tensors[f"{attention}q_proj.bias"]
        return FirstLayer(
            W_E=tensors["embed_tokens.weight"],
            W_pos=tensors["embed_positions.weight"],
            ln_1_weight=tensors[f"{norm}weight"],
            ln_1_bias=tensors[f"{norm}bias"],
            ln_1_eps=1e-5,
            W_Q=tensors[f"{attention}q_proj.weight"].T,
            b_Q=b_Q,
            W_K=tensors[f"{attention}k_proj.weight"].T,
            b_K=torch.zeros_like(b_Q),
            n_heads=H,
            n_layers=n_layers,
            # Queries are divided before the product (in OpenAI's own code both sides, by its root).
            scale=d_head**0.5,
        )

    shapes = {
        "embed_tokens.weight": {"V": V, "d": d},
        "embed_positions.weight": {"L": L, "d": d},
        f"{norm}weight": {"d": d},
        f"{norm}bias": {"d": d},
        f"{attention}q_proj.weight": {"H·d'": d, "d": d},
        f"{attention}q_proj.bias": {"H·d'": d},
        f"{attention}k_proj.weight": {"H·d'": d, "d": d},
    }
    return Plan(shapes, first_layer)


FAMILY = Family(
    plan,
    model_class="WhisperModel",
    prefixes=("model.decoder.", "decoder.", ""),
    one_layer={"decoder_layers": 1, "encoder_layers": 1},
    part="decoder",
)
