"""Qwen 3: queries and keys are normed in each head."""

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.qwen2 import window_of_first
from detok.model.families.rotary import RMS, rotary


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "rms_norm_eps", 1e-6),
        bias=bool(config.get("attention_bias", False)),
        head_norm=RMS,
        d_head=128,
        window=window_of_first(config),
    )


FAMILY = Family(
    plan, model_class="Qwen3Model", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
