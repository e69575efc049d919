"""Phi 1 to 2: a part of each head's coordinates is turned."""

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import LAYER, Names, rotary

_NAMES = Names(
    query_norm="layers.0.self_attn.q_layernorm", key_norm="layers.0.self_attn.k_layernorm"
)


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "layer_norm_eps"),
        names=_NAMES,
        norm=LAYER,
        bias=True,
        head_norm=LAYER if config.get("qk_layernorm", False) else None,
    )


FAMILY = Family(
    plan, model_class="PhiModel", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
