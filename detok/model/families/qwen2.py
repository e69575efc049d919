"""Qwen 2 and 2.5: queries and keys have biases."""

from detok.model.families.config import Config, epsilon
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import is_first_sliding, rotary, window_of


def plan(config: Config) -> Plan:
    return rotary(
        config,
        eps=epsilon(config, "rms_norm_eps", 1e-6),
        bias=True,
        window=window_of_first(config),
    )


def window_of_first(config: Config) -> int | None:
    """The window of the first layer: layers before max_window_layers have none."""
    if not config.get("use_sliding_window", False):
        return None
    is_sliding = is_first_sliding(config, otherwise=config.get("max_window_layers", 28) == 0)
    return window_of(config, is_sliding, default=4096)


FAMILY = Family(
    plan, model_class="Qwen2Model", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
