"""Gemma 1 and 2: norms' weights are kept less 1, embeddings are multiplied by √d."""

from dataclasses import replace

from detok.model.families.config import Config, epsilon, refuse_unless, size
from detok.model.families.family import Family, Plan
from detok.model.families.rotary import RMS, Kind, is_first_sliding, rotary, window_of

GEMMA = replace(RMS, adds_one=True)


def plan(config: Config) -> Plan:
    """That of Gemma 2; the first has neither cap nor window."""
    is_second = config["model_type"] == "gemma2"
    return gemma(
        config,
        soft_cap=number(config, "attn_logit_softcapping", 50.0) if is_second else None,
        scalar=number(config, "query_pre_attn_scalar", 256) if is_second else None,
        is_sliding=is_second and is_first_sliding(config, otherwise=True),
    )


def gemma(
    config: Config,
    *,
    soft_cap: float | None,
    scalar: float | None,
    is_sliding: bool,
    head_norm: Kind | None = None,
    layer_type: str | None = None,
) -> Plan:
    """The plan of a Gemma; `scalar` is the square of its scale, if that is not √d'."""
    refuse_unless(
        {**config, "use_bidirectional_attention": bool(config.get("use_bidirectional_attention"))},
        "use_bidirectional_attention",
        False,
        False,
        "attention to what comes after a token",
    )
    eps = epsilon(config, "rms_norm_eps", 1e-6)
    return rotary(
        config,
        # Of the embeddings as they are kept: norm(√d·e; ε) = norm(e; ε/d).
        eps=eps / size(config, "hidden_size"),
        head_eps=eps,
        norm=GEMMA,
        bias=bool(config.get("attention_bias", False)),
        head_norm=head_norm,
        d_head=256,
        scale=None if scalar is None else scalar**0.5,
        soft_cap=soft_cap,
        window=window_of(config, is_sliding, default=4096),
        layer_type=layer_type,
    )


def number(config: Config, key: str, default: float | None) -> float | None:
    """A positive number, or None if the configuration says so."""
    return None if config.get(key, default) is None else epsilon(config, key, default)


FAMILY = Family(
    plan, model_class="GemmaModel", prefixes=("model.", ""), one_layer={"num_hidden_layers": 1}
)
FAMILY_2 = replace(FAMILY, model_class="Gemma2Model")
