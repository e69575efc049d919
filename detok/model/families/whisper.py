"""Whisper's decoder: keys have no bias, and what is said so far is all that this layer sees."""

from detok.model.families.config import Config, size, unembedding, width_of_heads
from detok.model.families.family import Family, Plan
from detok.model.families.separate import Names, separate

_NAMES = Names(
    W_E="embed_tokens.weight",
    W_pos="embed_positions.weight",
    norm="layers.0.self_attn_layer_norm",
    query="layers.0.self_attn.q_proj",
    key="layers.0.self_attn.k_proj",
    value="layers.0.self_attn.v_proj",
    output="layers.0.self_attn.out_proj",
    last_norm="layer_norm",
)


def plan(config: Config) -> Plan:
    d, H = size(config, "d_model"), size(config, "decoder_attention_heads")
    width_of_heads(config, "d_model", "decoder_attention_heads", d, H)
    V = size(config, "vocab_size")
    return separate(
        _NAMES,
        V=V,
        L=size(config, "max_target_positions"),
        d=d,
        n_heads=H,
        n_layers=size(config, "decoder_layers"),
        key_bias=False,
        W_U=unembedding(config, "proj_out.weight", V, d),
    )


FAMILY = Family(
    plan,
    model_class="WhisperModel",
    prefixes=("model.decoder.", "decoder.", ""),
    one_layer={"decoder_layers": 1, "encoder_layers": 1},
    part="decoder",
)
