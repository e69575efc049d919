"""Cohere's Command R: neighbouring coordinates make a pair; LayerNorm has no bias."""

from collections.abc import Mapping

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import Kind, rotary

_NORM = Kind(is_centred=True)


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "layer_norm_eps"),
        norm=_NORM,
        bias=bool(config.get("attention_bias", False)),
        head_norm=_NORM if config.get("use_qk_norm", False) else None,
        head_norm_shape=_by_head,
        is_interleaved=True,
    )


def _by_head(n_heads: int, d_head: int) -> Mapping[str, int]:
    return {"H": n_heads, "d'": d_head}


FAMILY = Family(
    plan, model_class="CohereModel", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
