"""GPT-NeoX, such as Pythia: the query, key and value of a head are side by side in one matrix."""

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.fused import fused, in_heads
from detok.model.families.rotary import LAYER, Names, rotary

_FUSED = "layers.0.attention.query_key_value"
_NAMES = Names(W_E="embed_in.weight", query=f"{_FUSED}.query", key=f"{_FUSED}.key")


def plan(config: Config) -> Plan:
    has_bias = bool(config.get("attention_bias", True))
    cut = rotary(
        {**config, "num_key_value_heads": None},
        eps=epsilon(config, "layer_norm_eps"),
        names=_NAMES,
        norm=LAYER,
        bias=has_bias,
    )
    d, H = config["hidden_size"], config["num_attention_heads"]
    return fused(cut, _FUSED, d, has_bias, in_heads(H))


FAMILY = Family(
    plan, model_class="GPTNeoXModel", prefixes=("gpt_neox.", ""), one_layer={"num_hidden_layers": 1}
)
