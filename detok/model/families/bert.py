"""BERT: every token sees every other, and LayerNorm follows the sum of the embeddings."""

from collections.abc import Mapping

import torch

from detok.model.families.config import Config, epsilon, refuse_unless, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan


def plan(config: Config, n_before: int = 0, padding_id: int | None = None) -> Plan:
    """`n_before` rows of the positions stand before that of the first token (RoBERTa)."""
    V, rows = size(config, "vocab_size"), size(config, "max_position_embeddings")
    d, H = size(config, "hidden_size"), size(config, "num_attention_heads")
    d_head = width_of_heads(config, "hidden_size", "num_attention_heads", d, H)
    n_types = size(config, "type_vocab_size", 2)
    n_layers, eps = size(config, "num_hidden_layers"), epsilon(config, "layer_norm_eps", 1e-12)
    relative = "attention by the distance of positions"
    refuse_unless(config, "position_embedding_type", "absolute", "absolute", relative)
    embeddings, attention = "embeddings.", "encoder.layer.0.attention.self."

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        W_pos = tensors[f"{embeddings}position_embeddings.weight"][n_before:]
        # Of a text without a second part every token has the first type.
        first_type = tensors[f"{embeddings}token_type_embeddings.weight"][0]
        return FirstLayer(
            W_E=tensors[f"{embeddings}word_embeddings.weight"],
            W_pos=W_pos.double() + first_type.double(),
            ln_1_weight=tensors[f"{embeddings}LayerNorm.weight"],
            ln_1_bias=tensors[f"{embeddings}LayerNorm.bias"],
            ln_1_eps=eps,
            W_Q=tensors[f"{attention}query.weight"].T,
            b_Q=tensors[f"{attention}query.bias"],
            W_K=tensors[f"{attention}key.weight"].T,
            b_K=tensors[f"{attention}key.bias"],
            n_heads=H,
            n_layers=n_layers,
            scale=d_head**0.5,
            is_causal=bool(config.get("is_decoder", False)),
            padding_id=padding_id,
        )

    shapes = {
        f"{embeddings}word_embeddings.weight": {"V": V, "d": d},
        f"{embeddings}position_embeddings.weight": {
            f"L + {n_before}" if n_before else "L": rows,
            "d": d,
        },
        f"{embeddings}token_type_embeddings.weight": {"types": n_types, "d": d},
        f"{embeddings}LayerNorm.weight": {"d": d},
        f"{embeddings}LayerNorm.bias": {"d": d},
        f"{attention}query.weight": {"H·d'": d, "d": d},
        f"{attention}query.bias": {"H·d'": d},
        f"{attention}key.weight": {"H·d'": d, "d": d},
        f"{attention}key.bias": {"H·d'": d},
    }
    return Plan(shapes, first_layer)


FAMILY = Family(
    plan, model_class="BertModel", prefixes=("", "bert."), one_layer={"num_hidden_layers": 1}
)
