"""For every family with rotary positions: small random ones to be proved, and what it refuses."""

from collections.abc import Mapping
from typing import Any

V, L, D, H = 300, 512, 16, 4
_USUAL = {
    "vocab_size": V,
    "max_position_embeddings": L,
    "hidden_size": D,
    "num_hidden_layers": 2,
    "num_attention_heads": H,
    "num_key_value_heads": 2,
    "intermediate_size": D,
    "pad_token_id": 0,
}
_WIDE = {**_USUAL, "head_dim": 8}
_GEMMA = {**_WIDE, "query_pre_attn_scalar": 3, "sliding_window": 7}
_FULL, _SLIDING = (
    {"layer_types": [f"{first}_attention", f"{second}_attention"]}
    for first, second in (("full", "sliding"), ("sliding", "full"))
)
_GPTJ = {
    "vocab_size": V,
    "n_positions": L,
    "n_embd": D,
    "n_head": 2,
    "n_layer": 2,
    "n_inner": D,
    "rotary_dim": 4,
}
_BLOOM = {"vocab_size": V, "hidden_size": D, "n_layer": 2, "seq_length": L}
_MPT = {"vocab_size": V, "d_model": D, "n_layers": 2, "max_seq_len": L}
_IMAGES = {
    "hidden_size": D,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": D,
    "image_size": 4,
    "patch_size": 2,
}

# Every kind of scaled frequencies that `transformers` has, in its present and its former writing.
SCALED: dict[str, Mapping[str, Any]] = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "dynamic": {"rope_type": "dynamic", "factor": 2.0},
    "yarn": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64},
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "longrope": {
        "rope_type": "longrope",
        "factor": 4.0,
        "short_factor": [1.0, 1.5, 2.0, 3.0],
        "long_factor": [2.0, 3.0, 4.0, 8.0],
        "original_max_position_embeddings": 128,
    },
    "proportional": {"rope_type": "proportional", "partial_rotary_factor": 0.5},
}

# By model_type: (class of `transformers`, arguments of its configuration).
ROTARY: dict[str, list[tuple[str, Mapping[str, Any]]]] = {
    "llama": [
        ("LlamaForCausalLM", _USUAL),
        ("LlamaModel", {**_WIDE, "num_key_value_heads": 4, "attention_bias": True}),
        ("LlamaForCausalLM", {**_USUAL, "tie_word_embeddings": True, "num_key_value_heads": 1}),
        *(
            ("LlamaForCausalLM", {**_WIDE, "rope_parameters": {**rope, "rope_theta": 500.0}})
            for rope in SCALED.values()
        ),
    ],
    "mistral": [
        ("MistralForCausalLM", {**_USUAL, "sliding_window": None}),
        ("MistralModel", {**_WIDE, "sliding_window": 5}),
    ],
    "qwen2": [
        ("Qwen2ForCausalLM", _USUAL),
        (
            "Qwen2Model",
            {**_USUAL, "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 0},
        ),
        ("Qwen2Model", {**_USUAL, "use_sliding_window": True, "sliding_window": 5, **_FULL}),
    ],
    "qwen3": [
        ("Qwen3ForCausalLM", _WIDE),
        ("Qwen3Model", {**_WIDE, "attention_bias": True, "tie_word_embeddings": True}),
    ],
    "gemma": [("GemmaForCausalLM", _WIDE)],
    "gemma2": [
        ("Gemma2ForCausalLM", {**_GEMMA, "attn_logit_softcapping": 2.0}),
        ("Gemma2Model", {**_GEMMA, "attention_bias": True, "attn_logit_softcapping": 1.0}),
        ("Gemma2Model", {**_GEMMA, "attn_logit_softcapping": None, **_FULL}),
    ],
    "gemma3_text": [
        ("Gemma3ForCausalLM", _GEMMA),
        (
            "Gemma3TextModel",
            {**_GEMMA, **_FULL, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        ),
    ],
    "gemma3": [
        ("Gemma3ForConditionalGeneration", {"text_config": _GEMMA, "vision_config": _IMAGES})
    ],
    "gpt_neox": [
        ("GPTNeoXForCausalLM", {**_USUAL, "rotary_pct": 0.5}),
        ("GPTNeoXModel", {**_USUAL, "rotary_pct": 1.0, "attention_bias": False}),
    ],
    "gptj": [("GPTJForCausalLM", _GPTJ), ("GPTJModel", {**_GPTJ, "rotary_dim": 8})],
    "olmo2": [
        ("Olmo2ForCausalLM", _USUAL),
        ("Olmo2Model", {**_USUAL, "attention_bias": True}),
    ],
    "phi": [
        ("PhiForCausalLM", _USUAL),
        ("PhiModel", {**_USUAL, "qk_layernorm": True, "partial_rotary_factor": 1.0}),
    ],
    "stablelm": [
        ("StableLmForCausalLM", {**_USUAL, "partial_rotary_factor": 0.5}),
        (
            "StableLmModel",
            {**_USUAL, "partial_rotary_factor": 0.5, "use_qkv_bias": True, "qk_layernorm": True},
        ),
    ],
    "cohere": [
        ("CohereForCausalLM", _USUAL),
        ("CohereModel", {**_USUAL, "use_qk_norm": True, "attention_bias": True}),
    ],
    # With as many heads as a power of two, and with others.
    "bloom": [
        ("BloomForCausalLM", {**_BLOOM, "n_head": 4}),
        ("BloomModel", {**_BLOOM, "hidden_size": 36, "n_head": 6}),
    ],
    "mpt": [
        ("MptForCausalLM", {**_MPT, "n_heads": 4}),
        ("MptModel", {**_MPT, "d_model": 20, "n_heads": 5, "attn_config": {"softmax_scale": 0.3}}),
    ],
}

_BOTH_WAYS = ({"use_bidirectional_attention": True}, "attention to what comes after a token")
# By model_type: what is put into config.json, and what the sentence then says.
ROTARY_REFUSED: dict[str, list[tuple[Mapping[str, Any], str]]] = {
    "llama": [
        ({"num_key_value_heads": 3}, "not a multiple of num_key_value_heads = 3"),
        (
            {"num_attention_heads": 3, "num_key_value_heads": 3, "head_dim": None},
            "not a multiple of",
        ),
        ({"rope_parameters": {"rope_type": "nonsense"}}, "rotation cannot be read"),
        ({"rope_parameters": {"rope_type": "linear"}}, "rotation cannot be read"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 0}}, "no positive numbers"),
        ({"hidden_act": 3}, "rotation cannot be read"),
        ({"rms_norm_eps": 0}, "rms_norm_eps = 0"),
    ],
    "mistral": [({"sliding_window": 0}, "sliding_window = 0")],
    "qwen2": [({"use_sliding_window": True, "layer_types": ["?"]}, "layer_types = ['?']")],
    "qwen3": [({"head_dim": "8"}, "head_dim = '8'"), ({"head_dim": 16}, "(H·d', d) = (64, 16)")],
    "gemma": [_BOTH_WAYS],
    "gemma2": [_BOTH_WAYS, ({"query_pre_attn_scalar": -1}, "query_pre_attn_scalar = -1")],
    "gemma3_text": [_BOTH_WAYS],
    "gemma3": [({"text_config": None}, "text_config = None; expected an object")],
    "gpt_neox": [({"num_attention_heads": 3}, "not a multiple of num_attention_heads = 3")],
    "gptj": [({"rotary_dim": 16}, "d' = 8 coordinates, of which 16")],
    "olmo2": [({"head_dim": 8}, "(H·d', d) = (32, 16)")],
    "phi": [({"qk_layernorm": True}, "no tensor 'model.layers.0.self_attn.q_layernorm.weight'")],
    "stablelm": [({"qk_layernorm": True}, "no tensor")],
    "cohere": [({"use_qk_norm": True}, "no tensor")],
    "bloom": [({"n_head": 3}, "not a multiple of"), ({"seq_length": 0}, "seq_length = 0")],
    "mpt": [
        ({"attn_config": {"alibi": False}}, "learned positions"),
        ({"attn_config": {"clip_qkv": 6}}, "queries and keys that are cut off"),
        ({"attn_config": {"softmax_scale": 0}}, "softmax_scale = 0"),
        ({"attn_config": 3}, "attn_config = 3; expected an object"),
        ({"no_bias": False}, "biases"),
    ],
}
