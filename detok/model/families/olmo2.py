"""OLMo 2: no norm comes before the first attention, one over all heads after the projections."""

from collections.abc import Mapping

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import RMS, rotary


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "rms_norm_eps", 1e-5),
        norm=None,
        bias=bool(config.get("attention_bias", False)),
        head_norm=RMS,
        head_norm_shape=_over_all_heads,
    )


def _over_all_heads(n_heads: int, d_head: int) -> Mapping[str, int]:
    return {"H·d'": n_heads * d_head}


FAMILY = Family(
    plan, model_class="Olmo2Model", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
