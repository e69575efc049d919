"""BioGPT: token embeddings are multiplied by √d, and positions are counted as in OPT."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from detok.model.families.config import Config, size, unembedding, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan
from detok.model.families.separate import Names, separate

_NAMES = Names(
    W_E="embed_tokens.weight",
    W_pos="embed_positions.weight",
    norm="layers.0.self_attn_layer_norm",
    query="layers.0.self_attn.q_proj",
    key="layers.0.self_attn.k_proj",
    value="layers.0.self_attn.v_proj",
    output="layers.0.self_attn.out_proj",
    last_norm="layer_norm",
)


def plan(config: Config) -> Plan:
    d, H = size(config, "hidden_size"), size(config, "num_attention_heads")
    width_of_heads(config, "hidden_size", "num_attention_heads", d, H)
    times = d**0.5 if config.get("scale_embedding", True) else 1.0
    V = size(config, "vocab_size")
    unscaled = separate(
        _NAMES,
        V=V,
        L=size(config, "max_position_embeddings"),
        d=d,
        n_heads=H,
        n_layers=size(config, "num_hidden_layers"),
        n_before=2,
        W_U=unembedding(config, "output_projection.weight", V, d),
    )

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        # s e + p has the LayerNorm of e + p / s, with an ε of ε / s². So the tokens, by far the
        # largest matrix, stay as they are.
        first = unscaled.first_layer(tensors)
        W_pos, eps = first.W_pos.double() / times, first.ln_1_eps / times**2
        return replace(first, W_pos=W_pos, ln_1_eps=eps)

    return replace(unscaled, first_layer=first_layer)


FAMILY = Family(
    plan, model_class="BioGptModel", prefixes=("biogpt.", ""), one_layer={"num_hidden_layers": 1}
)
