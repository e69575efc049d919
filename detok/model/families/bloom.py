"""BLOOM: ALiBi in place of positions, and a LayerNorm of the embeddings before all else."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from detok.model.families.alibi import no_frequencies, slopes
from detok.model.families.config import Config, epsilon, size
from detok.model.families.family import Family, Plan, RotaryFirst
from detok.model.families.fused import fused, in_heads
from detok.model.families.rotary import LAYER, Names, rotary

_FUSED = "h.0.self_attention.query_key_value"
_EMBEDDED = "word_embeddings_layernorm"
_NAMES = Names(
    W_E="word_embeddings.weight",
    norm="h.0.input_layernorm",
    query=f"{_FUSED}.query",
    key=f"{_FUSED}.key",
)


def plan(config: Config) -> Plan:
    d = size(config, _either(config, "hidden_size", "n_embed"))
    H = size(config, _either(config, "n_head", "num_attention_heads"))
    usual_names = {
        "vocab_size": size(config, "vocab_size"),
        "hidden_size": d,
        "num_attention_heads": H,
        "num_hidden_layers": size(config, _either(config, "n_layer", "num_hidden_layers")),
        "max_position_embeddings": size(config, "seq_length", 2048),
    }
    eps = epsilon(config, "layer_norm_epsilon")
    cut = rotary(
        usual_names, eps=eps, names=_NAMES, norm=LAYER, bias=True, frequencies=no_frequencies
    )
    whole = fused(cut, _FUSED, d, True, in_heads(H))

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> RotaryFirst:
        embedding_norm = LAYER.norm(tensors, _EMBEDDED, eps)
        first = whole.first_layer(tensors)
        return replace(first, embedding_norm=embedding_norm, slopes=slopes(H))

    return Plan({**whole.shapes, **LAYER.shapes(_EMBEDDED, {"d": d})}, first_layer)


def _either(config: Config, name: str, older: str) -> str:
    """Whichever of the two names of a value a config.json has."""
    return older if name not in config and older in config else name


FAMILY = Family(
    plan, model_class="BloomModel", prefixes=("transformer.", ""), one_layer={"n_layer": 1}
)
