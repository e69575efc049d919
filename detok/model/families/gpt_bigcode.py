"""GPT-BigCode (SantaCoder, StarCoder): all heads share one set of keys."""

from collections.abc import Mapping

import torch

from detok.model.families.config import (
    Config,
    epsilon,
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
    is_shared = bool(config.get("multi_query", True))
    fused = d + 2 * (d_head if is_shared else d)

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        W = tensors["h.0.attn.c_attn.weight"].T  # (d, fused)
        b = tensors["h.0.attn.c_attn.bias"]  # (fused,)
        c_proj = tensors.get("h.0.attn.c_proj.weight")  # (d, H·d')
        if is_shared:  # the queries of all heads, then the keys and the values of the one
            W_Q, b_Q = W[:, :d], b[:d]
            W_K, b_K = W[:, d : d + d_head].repeat(1, H), b[d : d + d_head].repeat(H)  # (d, H·d')
            W_V = W[:, d + d_head :].repeat(1, H)  # (d, H·d')
        else:  # the query, key and value of a head, then those of the next
            (W_Q, b_Q), (W_K, b_K), (W_V, _) = (
                tuple(
                    part.unflatten(-1, (H, 3, d_head))[..., n, :].flatten(-2)  # (…, H·d')
                    for part in (W, b)
                )
                for n in (0, 1, 2)
            )
        return FirstLayer(
            W_E=tensors["wte.weight"],
            W_pos=tensors["wpe.weight"],
            ln_1_weight=tensors["h.0.ln_1.weight"],
            ln_1_bias=tensors["h.0.ln_1.bias"],
            ln_1_eps=eps,
            W_Q=W_Q,
            b_Q=b_Q,
            W_K=W_K,
            b_K=b_K,
            n_heads=H,
            n_layers=n_layers,
            scale=d_head**0.5 if config.get("scale_attn_weights", True) else 1.0,
            W_V=W_V,
            W_O=None if c_proj is None else c_proj.T,
            ln_f_weight=tensors.get("ln_f.weight"),
            W_U=tensors.get("lm_head.weight"),
            is_tied=not here,
        )

    shapes = {
        "wte.weight": {"V": V, "d": d},
        "wpe.weight": {"L": L, "d": d},
        "h.0.ln_1.weight": {"d": d},
        "h.0.ln_1.bias": {"d": d},
        "h.0.attn.c_attn.weight": {"d + 2d'" if is_shared else "3d": fused, "d": d},
        "h.0.attn.c_attn.bias": {"d + 2d'" if is_shared else "3d": fused},
    }
    written = {"h.0.attn.c_proj.weight": {"d": d, "H·d'": d}, "ln_f.weight": {"d": d}}
    here = unembedding(config, "lm_head.weight", V, d)
    return Plan(shapes, first_layer, written, here)


FAMILY = Family(
    plan, model_class="GPTBigCodeModel", prefixes=("", "transformer."), one_layer={"n_layer": 1}
)
