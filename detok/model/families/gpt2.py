"""GPT-2, and what shares its architecture: distilgpt2, DialoGPT, Cerebras-GPT and many others."""

from collections.abc import Mapping

import torch

from detok.model.families.config import (
    Config,
    epsilon,
    flag,
    refuse_unless,
    size,
    unembedding,
    width_of_heads,
)
from detok.model.families.family import Family, FirstLayer, Plan


def plan(config: Config) -> Plan:
    V, L = size(config, "vocab_size"), size(config, "n_positions")
    d, H = size(config, "n_embd"), size(config, "n_head")
    d_head = width_of_heads(config, "n_embd", "n_head", d, H)
    refuse_unless(config, "add_cross_attention", False, False, "cross attention")
    n_layers, eps = size(config, "n_layer"), epsilon(config, "layer_norm_epsilon")
    scale = d_head**0.5 if flag(config, "scale_attn_weights", True) else 1.0

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        # Conv1D: y = x W + b with W (in, out); queries, keys and values side by side.
        W, b = tensors["h.0.attn.c_attn.weight"], tensors["h.0.attn.c_attn.bias"]
        return FirstLayer(
            W_E=tensors["wte.weight"],
            W_pos=tensors["wpe.weight"],
            ln_1_weight=tensors["h.0.ln_1.weight"],
            ln_1_bias=tensors["h.0.ln_1.bias"],
            ln_1_eps=eps,
            W_Q=W[:, :d],
            b_Q=b[:d],
            W_K=W[:, d : 2 * d],
            b_K=b[d : 2 * d],
            n_heads=H,
            n_layers=n_layers,
            scale=scale,
            W_V=W[:, 2 * d :],
            W_O=tensors.get("h.0.attn.c_proj.weight"),
            ln_f_weight=tensors.get("ln_f.weight"),
            W_U=tensors.get("lm_head.weight"),
            is_tied=not here,
        )

    shapes = {
        "wte.weight": {"V": V, "d": d},
        "wpe.weight": {"L": L, "d": d},
        "h.0.ln_1.weight": {"d": d},
        "h.0.ln_1.bias": {"d": d},
        "h.0.attn.c_attn.weight": {"d": d, "3d": 3 * d},
        "h.0.attn.c_attn.bias": {"3d": 3 * d},
    }
    written = {"h.0.attn.c_proj.weight": {"d": d, "d′": d}, "ln_f.weight": {"d": d}}
    here = unembedding(config, "lm_head.weight", V, d)
    return Plan(shapes, first_layer, written, here)


FAMILY = Family(
    plan, model_class="GPT2Model", prefixes=("", "transformer."), one_layer={"n_layer": 1}
)
