"""Llama, and what shares its architecture: TinyLlama, SmolLM, Yi and many others."""

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import rotary


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "rms_norm_eps", 1e-6),
        bias=bool(config.get("attention_bias", False)),
    )


FAMILY = Family(
    plan, model_class="LlamaModel", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
