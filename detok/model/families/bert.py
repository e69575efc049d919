"""BERT: every token sees every other, and LayerNorm follows the sum of the embeddings."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from detok.model.families.config import Config, epsilon, refuse_unless, size, width_of_heads
from detok.model.families.family import Family, FirstLayer, Plan
from detok.model.families.separate import Names, separate

_NAMES = Names(
    W_E="embeddings.word_embeddings.weight",
    W_pos="embeddings.position_embeddings.weight",
    norm="embeddings.LayerNorm",
    query="encoder.layer.0.attention.self.query",
    key="encoder.layer.0.attention.self.key",
)
_TYPES = "embeddings.token_type_embeddings.weight"


def plan(config: Config, n_before: int = 0, padding_id: int | None = None) -> Plan:
    """`n_before` rows of the positions stand before that of the first token (RoBERTa)."""
    d, H = size(config, "hidden_size"), size(config, "num_attention_heads")
    width_of_heads(config, "hidden_size", "num_attention_heads", d, H)
    relative = "attention by the distance of positions"
    refuse_unless(config, "position_embedding_type", "absolute", "absolute", relative)
    untyped = separate(
        _NAMES,
        V=size(config, "vocab_size"),
        L=size(config, "max_position_embeddings") - n_before,
        d=d,
        n_heads=H,
        n_layers=size(config, "num_hidden_layers"),
        eps=epsilon(config, "layer_norm_eps", 1e-12),
        n_before=n_before,
        is_causal=bool(config.get("is_decoder", False)),
        padding_id=padding_id,
        undefined="a LayerNorm follows what each layer adds, and a part with weights of its own "
        "stands before its logits",
    )

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> FirstLayer:
        first = untyped.first_layer(tensors)
        # Of a text without a second part every token has the first type.
        return replace(first, W_pos=first.W_pos.double() + tensors[_TYPES][0].double())

    types = {"types": size(config, "type_vocab_size", 2), "d": d}
    return replace(untyped, shapes={**untyped.shapes, _TYPES: types}, first_layer=first_layer)


FAMILY = Family(
    plan, model_class="BertModel", prefixes=("", "bert."), one_layer={"num_hidden_layers": 1}
)
