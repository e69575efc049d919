"""OPT: a text's first token stands at the third of the learned positions."""

from detok.model.families.config import Config, refuse_unless, size, unembedding, width_of_heads
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
    last_norm="final_layer_norm",
)


def plan(config: Config) -> Plan:
    d, H = size(config, "hidden_size"), size(config, "num_attention_heads")
    width_of_heads(config, "hidden_size", "num_attention_heads", d, H)
    # As opt-350m, whose first attention comes before any LayerNorm.
    after = "LayerNorm after the attention, so that none comes before the first"
    refuse_unless(config, "do_layer_norm_before", True, True, after)
    refuse_unless(config, "word_embed_proj_dim", d, d, "embeddings of another width than the model")
    refuse_unless(config, "layer_norm_elementwise_affine", True, True, "LayerNorm without weights")
    has_bias = bool(config.get("enable_bias", True))
    V = size(config, "vocab_size")
    bare = bool(config.get("_remove_final_layer_norm", False))
    return separate(
        _NAMES,
        V=V,
        L=size(config, "max_position_embeddings"),
        d=d,
        n_heads=H,
        n_layers=size(config, "num_hidden_layers"),
        n_before=2,
        query_bias=has_bias,
        key_bias=has_bias,
        W_U=unembedding(config, "lm_head.weight", V, d),
        undefined="no LayerNorm stands before its logits" if bare else "",
    )


FAMILY = Family(
    plan,
    model_class="OPTModel",
    prefixes=("model.decoder.", "decoder.", ""),
    one_layer={"num_hidden_layers": 1},
)
