"""MPT: ALiBi in place of positions, and no bias anywhere."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from detok.errors import CheckpointError
from detok.model.families.alibi import no_frequencies, slopes
from detok.model.families.config import Config, epsilon, refuse_unless, shown, size
from detok.model.families.family import Family, Plan, RotaryFirst
from detok.model.families.fused import fused
from detok.model.families.gemma import number
from detok.model.families.rotary import Kind, Names, rotary

_FUSED = "blocks.0.attn.Wqkv"
_NAMES = Names(
    W_E="wte.weight", norm="blocks.0.norm_1", query=f"{_FUSED}.query", key=f"{_FUSED}.key"
)
# What the first layer of models in use does, and of what else `transformers` makes no difference.
_USUAL = {
    "alibi": (True, "learned positions"),
    "alibi_bias_max": (8, "other slopes"),
    "attn_type": ("multihead_attention", "keys that heads share"),
    "clip_qkv": (None, "queries and keys that are cut off"),
    "qk_ln": (False, "a norm of queries and keys"),
    "prefix_lm": (False, "attention to what comes after a token"),
}


def plan(config: Config) -> Plan:
    attention = config.get("attn_config") or {}
    if not isinstance(attention, Mapping):
        raise CheckpointError(
            f"config.json has attn_config = {shown(attention)}; expected an object"
        )
    refuse_unless(config, "no_bias", True, True, "biases")
    for key, (usual, what) in _USUAL.items():
        refuse_unless(attention, key, usual, usual, what)
    d, H = size(config, "d_model"), size(config, "n_heads")
    factor = number(attention, "softmax_scale", None)
    usual_names = {
        "vocab_size": size(config, "vocab_size"),
        "hidden_size": d,
        "num_attention_heads": H,
        "num_hidden_layers": size(config, "n_layers"),
        "max_position_embeddings": size(config, "max_seq_len", 2048),
    }
    cut = rotary(
        usual_names,
        eps=epsilon(config, "layer_norm_epsilon"),
        names=_NAMES,
        norm=Kind(is_centred=True),
        scale=None if factor is None else 1 / factor,
        frequencies=no_frequencies,
    )
    whole = fused(cut, _FUSED, d, False, lambda rows, n: rows.unflatten(0, (3, -1))[n])

    def first_layer(tensors: Mapping[str, torch.Tensor]) -> RotaryFirst:
        return replace(whole.first_layer(tensors), slopes=slopes(H))

    return Plan(whole.shapes, first_layer)


FAMILY = Family(
    plan, model_class="MptModel", prefixes=("transformer.", ""), one_layer={"n_layers": 1}
)
