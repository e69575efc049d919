"""Mistral: a Llama whose tokens may see a window only."""

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import rotary, window_of


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "rms_norm_eps", 1e-6),
        window=window_of(config, is_sliding=True, default=4096),
    )


FAMILY = Family(
    plan, model_class="MistralModel", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
