"""CLIP's text model, alone or beside the one of images."""

from collections.abc import Mapping

from detok.errors import CheckpointError
from detok.model.families.config import Config, epsilon, size, width_of_heads
from detok.model.families.family import Family, Plan
from detok.model.families.separate import Names, separate

_NAMES = Names(
    W_E="embeddings.token_embedding.weight",
    W_pos="embeddings.position_embedding.weight",
    norm="encoder.layers.0.layer_norm1",
    query="encoder.layers.0.self_attn.q_proj",
    key="encoder.layers.0.self_attn.k_proj",
)


def plan(config: Config) -> Plan:
    text = config if config.get("model_type") == "clip_text_model" else config.get("text_config")
    if not isinstance(text, Mapping):
        raise CheckpointError(f"config.json has text_config = {text!r}; expected an object")
    # A config.json may leave out what is as in the first CLIP.
    d, H = size(text, "hidden_size", 512), size(text, "num_attention_heads", 8)
    width_of_heads(text, "hidden_size", "num_attention_heads", d, H)
    return separate(
        _NAMES,
        V=size(text, "vocab_size", 49408),
        L=size(text, "max_position_embeddings", 77),
        d=d,
        n_heads=H,
        n_layers=size(text, "num_hidden_layers", 12),
        eps=epsilon(text, "layer_norm_eps"),
        undefined="it gives no logits of tokens",
    )


FAMILY = Family(
    plan,
    model_class="CLIPTextModel",
    prefixes=("text_model.", ""),
    one_layer={"num_hidden_layers": 1},
)
