"""GPT-J: neighbouring coordinates make a pair, and rotary_dim of them are turned."""

from functools import partial

import torch

from detok.model.families.config import Config, epsilon, size, width_of_heads
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import LAYER, Names, rotary
from detok.model.rotation import usual_frequencies

_NAMES = Names(W_E="wte.weight", norm="h.0.ln_1", query="h.0.attn.q_proj", key="h.0.attn.k_proj")


def plan(config: Config) -> Plan:
    d, H = size(config, "n_embd"), size(config, "n_head")
    d_head = width_of_heads(config, "n_embd", "n_head", d, H)
    n_turned = size(config, "rotary_dim", 64)
    usual_names = {
        "vocab_size": size(config, "vocab_size"),
        "hidden_size": d,
        "num_attention_heads": H,
        "num_hidden_layers": size(config, "n_layer"),
        "max_position_embeddings": size(config, "n_positions"),
    }
    return rotary(
        usual_names,
        eps=epsilon(config, "layer_norm_epsilon"),
        names=_NAMES,
        norm=LAYER,
        d_head=d_head,
        frequencies=partial(_frequencies, n_turned),
        is_interleaved=True,
    )


def _frequencies(n_turned: int) -> tuple[torch.Tensor, float]:
    return usual_frequencies(10000, n_turned), 1.0


FAMILY = Family(
    plan, model_class="GPTJModel", prefixes=("transformer.", ""), one_layer={"n_layer": 1}
)
