"""GPT-Neo: scores are not divided by √d', and no projection has a bias."""

from detok.errors import CheckpointError
from detok.model.families.config import Config, epsilon, size, unembedding, width_of_heads
from detok.model.families.family import Family, Plan
from detok.model.families.separate import Names, separate

_NAMES = Names(
    W_E="wte.weight",
    W_pos="wpe.weight",
    norm="h.0.ln_1",
    query="h.0.attn.attention.q_proj",
    key="h.0.attn.attention.k_proj",
    value="h.0.attn.attention.v_proj",
    output="h.0.attn.attention.out_proj",
    last_norm="ln_f",
)


def plan(config: Config) -> Plan:
    d, H = size(config, "hidden_size"), size(config, "num_heads")
    width_of_heads(config, "hidden_size", "num_heads", d, H)
    kind = _kind_of_first(config)
    if kind != "global":
        raise CheckpointError(
            f"config.json has {kind!r} attention in the first layer; expected 'global', in which a "
            "token sees all before it"
        )
    V = size(config, "vocab_size")
    return separate(
        _NAMES,
        V=V,
        L=size(config, "max_position_embeddings"),
        d=d,
        n_heads=H,
        n_layers=size(config, "num_layers"),
        eps=epsilon(config, "layer_norm_epsilon"),
        scale=1.0,
        query_bias=False,
        key_bias=False,
        W_U=unembedding(config, "lm_head.weight", V, d),
    )


def _kind_of_first(config: Config) -> object:
    """The kind of the first layer's attention: attention_types is [[[kinds], repetitions], …]."""
    types = config.get("attention_types", [[["global", "local"], 12]])
    try:
        return types[0][0][0]
    except (TypeError, IndexError, KeyError):
        return types


FAMILY = Family(
    plan,
    model_class="GPTNeoModel",
    prefixes=("", "transformer."),
    one_layer={"num_layers": 1, "attention_types": [[["global"], 1]]},
)
