"""BioGPT: token embeddings are multiplied by √d, and positions are counted as in OPT."""

from collections.abc import Mapping

import torch

from detok.model.families.config import Config, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan

OFFSET = 2  # rows of the positions before that of the first token


def plan(config: Config) -> Plan:
    V, L = size(config, "vocab_size"), size(config, "max_position_embeddings")
    d, H = size(config, "hidden_size"), size(config, "num_attention_heads")
    d_head = width_of_heads(config, "hidden_size", "num_attention_heads", d, H)
    n_layers = size(config, "num_hidden_layers")
    times = d**0.5 if config.get("scale_embedding", True) else 1.0
    attention, norm = "layers.0.self_attn.", "layers.0.self_attn_layer_norm."

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        return FirstLayer(
            # s e + p has the LayerNorm of e + p / s, with an ε of ε / s². So the tokens, by far the
            # largest matrix, stay as they are.
            W_E=tensors["embed_tokens.weight"],
            W_pos=tensors["embed_positions.weight"][OFFSET:].double() / times,
            ln_1_weight=tensors[f"{norm}weight"],
            ln_1_bias=tensors[f"{norm}bias"],
            ln_1_eps=1e-5 / times**2,
            W_Q=tensors[f"{attention}q_proj.weight"].T,
            b_Q=tensors[f"{attention}q_proj.bias"],
            W_K=tensors[f"{attention}k_proj.weight"].T,
            b_K=tensors[f"{attention}k_proj.bias"],
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
        f"{attention}q_proj.bias": {"H·d'": d},
        f"{attention}k_proj.weight": {"H·d'": d, "d": d},
        f"{attention}k_proj.bias": {"H·d'": d},
    }
    return Plan(shapes, first_layer)


FAMILY = Family(
    plan, model_class="BioGptModel", prefixes=("biogpt.", ""), one_layer={"num_hidden_layers": 1}
)
