"""Gemma 3, its text model alone or beside the one of images."""

from collections.abc import Mapping

from detok.errors import CheckpointError
from detok.model.families.config import Config, size
from detok.model.families.family import Family, Plan
from detok.model.families.gemma import GEMMA, gemma, number
from detok.model.families.rotary import is_first_sliding


def plan(config: Config) -> Plan:
    text = config if config["model_type"] == "gemma3_text" else config.get("text_config")
    if not isinstance(text, Mapping):
        raise CheckpointError(f"config.json has text_config = {text!r}; expected an object")
    text = _USUAL | text
    is_sliding = is_first_sliding(text, otherwise=size(text, "sliding_window_pattern", 6) > 1)
    return gemma(
        text,
        soft_cap=number(text, "attn_logit_softcapping", None),
        scalar=number(text, "query_pre_attn_scalar", 256),
        is_sliding=is_sliding,
        head_norm=GEMMA,
        layer_type="sliding_attention" if is_sliding else "full_attention",
    )


# A config.json beside images may leave out what is as in the first Gemma 3.
_USUAL = {
    "model_type": "gemma3_text",
    "vocab_size": 262_208,
    "hidden_size": 2304,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "max_position_embeddings": 131_072,
}
FAMILY = Family(
    plan,
    model_class="Gemma3TextModel",
    prefixes=("model.", "language_model.model.", "model.language_model.", ""),
    one_layer={"num_hidden_layers": 1},
)
