"""CLIP's text model, alone or beside the one of images."""

from collections.abc import Mapping

import torch

from detok.errors import CheckpointError
from detok.model.families.config import Config, epsilon, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan


def plan(config: Config) -> Plan:
    text = config if config.get("model_type") == "clip_text_model" else config.get("text_config")
    if not isinstance(text, Mapping):
        raise CheckpointError(f"config.json has text_config = {text!r}; expected an object")
    # A config.json may leave out what is as in the first CLIP.
    V, L = size(text, "vocab_size", 49408), size(text, "max_position_embeddings", 77)
    d, H = size(text, "hidden_size", 512), size(text, "num_attention_heads", 8)
    d_head = width_of_heads(text, "hidden_size", "num_attention_heads", d, H)
    n_layers = size(text, "num_hidden_layers", 12)
    eps = epsilon(text, "layer_norm_eps")
    attention, norm = "encoder.layers.0.self_attn.", "encoder.layers.0.layer_norm1."

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        return FirstLayer(
            W_E=tensors["embeddings.token_embedding.weight"],
            W_pos=tensors["embeddings.position_embedding.weight"],
            ln_1_weight=tensors[f"{norm}weight"],
            ln_1_bias=tensors[f"{norm}bias"],
            ln_1_eps=eps,
            W_Q=tensors[f"{attention}q_proj.weight"].T,
            b_Q=tensors[f"{attention}q_proj.bias"],
            W_K=tensors[f"{attention}k_proj.weight"].T,
            b_K=tensors[f"{attention}k_proj.bias"],
            n_heads=H,
            n_layers=n_layers,
            scale=d_head**0.5,
        )

    shapes = {
        "embeddings.token_embedding.weight": {"V": V, "d": d},
        "embeddings.position_embedding.weight": {"L": L, "d": d},
        f"{norm}weight": {"d": d},
        f"{norm}bias": {"d": d},
        f"{attention}q_proj.weight": {"H·d'": d, "d": d},
        f"{attention}q_proj.bias": {"H·d'": d},
        f"{attention}k_proj.weight": {"H·d'": d, "d": d},
        f"{attention}k_proj.bias": {"H·d'": d},
    }
    return Plan(shapes, first_layer)


FAMILY = Family(
    plan,
    model_class="CLIPTextModel",
    prefixes=("text_model.", ""),
    one_layer={"num_hidden_layers": 1},
)
