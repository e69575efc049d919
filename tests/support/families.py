"""For every family of models: small random ones to be proved, and configurations it refuses.

Every `model_type` of `detok.model.families` needs an entry here: a test looks for it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel

from tests.support.models import byte_tokenizer
from tests.support.rotary import ROTARY, ROTARY_REFUSED

V, L, D, H = 300, 16, 16, 2
_GPT2 = {"vocab_size": V, "n_positions": L, "n_embd": D, "n_head": H, "n_layer": 2}
_BERT = {
    "vocab_size": V,
    "max_position_embeddings": L,
    "hidden_size": D,
    "num_attention_heads": H,
    "num_hidden_layers": 2,
    "intermediate_size": D,
}
_OPT = {**_BERT, "word_embed_proj_dim": D, "ffn_dim": D}
_NEO = {
    "vocab_size": V,
    "max_position_embeddings": L,
    "hidden_size": D,
    "num_heads": H,
    "num_layers": 2,
    "attention_types": [[["global", "local"], 1]],
    "intermediate_size": D,
}
_WHISPER = {
    "vocab_size": V,
    "max_target_positions": L,
    "d_model": D,
    "decoder_attention_heads": H,
    "encoder_attention_heads": H,
    "decoder_layers": 2,
    "encoder_layers": 1,
    "decoder_ffn_dim": D,
    "encoder_ffn_dim": D,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
_IMAGES = {
    "hidden_size": D,
    "num_hidden_layers": 1,
    "num_attention_heads": H,
    "intermediate_size": D,
    "image_size": 4,
    "patch_size": 2,
}

# By model_type: (class of `transformers`, arguments of its configuration).
LEARNED: dict[str, list[tuple[str, Mapping[str, Any]]]] = {
    "gpt2": [
        ("GPT2LMHeadModel", _GPT2),
        ("GPT2Model", _GPT2),
        ("GPT2LMHeadModel", {**_GPT2, "scale_attn_weights": False}),
        ("GPT2LMHeadModel", {**_GPT2, "scale_attn_by_inverse_layer_idx": True}),
    ],
    "opt": [
        ("OPTForCausalLM", _OPT),
        ("OPTModel", _OPT),
        ("OPTForCausalLM", {**_OPT, "enable_bias": False}),
    ],
    "gpt_neo": [("GPTNeoForCausalLM", _NEO), ("GPTNeoModel", _NEO)],
    "gpt_bigcode": [
        ("GPTBigCodeForCausalLM", _GPT2),
        ("GPTBigCodeForCausalLM", {**_GPT2, "multi_query": False}),
        ("GPTBigCodeModel", {**_GPT2, "scale_attn_weights": False}),
    ],
    "biogpt": [
        ("BioGptForCausalLM", _BERT),
        ("BioGptModel", {**_BERT, "scale_embedding": False}),
    ],
    "whisper": [
        ("WhisperForConditionalGeneration", _WHISPER),
        ("WhisperModel", {**_WHISPER, "scale_embedding": True}),
    ],
    "bert": [
        ("BertForMaskedLM", _BERT),
        ("BertModel", {**_BERT, "type_vocab_size": 3}),
        ("BertLMHeadModel", {**_BERT, "is_decoder": True}),
    ],
    "roberta": [
        ("RobertaForMaskedLM", {**_BERT, "type_vocab_size": 1}),
        ("RobertaModel", {**_BERT, "pad_token_id": 3, "layer_norm_eps": 1e-3}),
    ],
    "clip": [("CLIPModel", {"text_config": _BERT, "vision_config": _IMAGES})],
    "clip_text_model": [("CLIPTextModel", _BERT)],
}

MODELS = LEARNED | ROTARY

# By model_type: what is put into config.json, and what the sentence then says.
REFUSED: dict[str, list[tuple[Mapping[str, Any], str]]] = {
    "gpt2": [({"add_cross_attention": True}, "cross attention"), ({"n_head": 3}, "multiple of")],
    "opt": [
        ({"do_layer_norm_before": False}, "LayerNorm after the attention"),
        ({"word_embed_proj_dim": 8}, "another width"),
        ({"layer_norm_elementwise_affine": False}, "LayerNorm without weights"),
        ({"max_position_embeddings": 17}, "(L + 2, d) = (19, 16)"),
    ],
    "gpt_neo": [
        ({"attention_types": [[["local"], 2]]}, "'local' attention in the first layer"),
        ({"attention_types": []}, "attention in the first layer"),
    ],
    "gpt_bigcode": [
        ({"multi_query": False}, "(3d, d) = (48, 16)"),
        ({"add_cross_attention": True}, "cross attention"),
    ],
    "biogpt": [({"num_attention_heads": 3}, "multiple of num_attention_heads = 3")],
    "whisper": [({"max_target_positions": 0}, "max_target_positions = 0")],
    "bert": [
        ({"position_embedding_type": "relative_key"}, "the distance of positions"),
        ({"layer_norm_eps": -1}, "layer_norm_eps = -1"),
    ],
    "roberta": [
        ({"pad_token_id": 15}, "pad_token_id = 15; expected 0 ≤ id < 15"),
        ({"pad_token_id": None}, "pad_token_id = None"),
    ],
    "clip": [({"text_config": None}, "text_config = None; expected an object")],
    "clip_text_model": [({"hidden_size": "16"}, "hidden_size = '16'")],
    **ROTARY_REFUSED,
}


def random_member(folder: Path, name: str, config: Mapping[str, Any]) -> PreTrainedModel:
    """Saves a random model and a tokenizer to a folder; no weight and no bias of it is trivial."""
    model_class = getattr(transformers, name)
    model = model_class(model_class.config_class(**config)).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) / 2
            is_norm = "norm" in key.lower() or ".ln_" in key
            parameter.copy_(noise + 1 if is_norm and key.endswith("weight") else noise)
    model.save_pretrained(folder)
    byte_tokenizer(V).save(str(folder / "tokenizer.json"))
    return model
