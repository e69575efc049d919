"""Well-known models of the hub, to choose from before anything was asked of it.

Only models whose main branch has safetensors are here, and only what of their config.json the first
layer depends on. In half precision are those of which public copies of config.json (torch_dtype)
or of the hub's page say so. The hub may have changed any of them since: what is asked of it
counts, and tests with DETOK_TEST_HUB compare the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from detok.model.files import BYTES
from detok.model.sizes import Sizes, sizes_of


@dataclass(frozen=True)
class Known:
    """A model of the hub that can be fetched."""

    model_id: str
    config: Mapping[str, Any]
    dtype: str = "F32"  # of the numbers, as safetensors files name it

    @cached_property
    def sizes(self) -> Sizes:
        """Its heads, its positions, …"""
        return sizes_of(self.config)

    @property
    def size(self) -> int:
        """The bytes that are fetched, but for the tokenizer and config.json."""
        return self.sizes.n_numbers * BYTES[self.dtype]


def _gpt2(d: int, n_heads: int, n_layers: int) -> Mapping[str, Any]:
    return {
        "model_type": "gpt2",
        "vocab_size": 50257,
        "n_positions": 1024,
        "n_embd": d,
        "n_head": n_heads,
        "n_layer": n_layers,
    }


def _base(model_type: str, **own: int) -> Mapping[str, Any]:
    """The sizes of BERT's base model, which others have too."""
    sizes = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12}
    return {"model_type": model_type, **sizes, **own}


_MODELS = (
    Known("gpt2", _gpt2(768, 12, 12)),
    Known("distilgpt2", _gpt2(768, 12, 6)),
    Known("gpt2-medium", _gpt2(1024, 16, 24)),
    Known("gpt2-large", _gpt2(1280, 20, 36)),
    Known("gpt2-xl", _gpt2(1600, 25, 48)),
    Known(
        "EleutherAI/gpt-neo-125m",
        {
            "model_type": "gpt_neo",
            "vocab_size": 50257,
            "max_position_embeddings": 2048,
            "hidden_size": 768,
            "num_heads": 12,
            "num_layers": 12,
        },
    ),
    Known("bert-base-uncased", _base("bert", vocab_size=30522, max_position_embeddings=512)),
    Known(
        "roberta-base",
        _base("roberta", vocab_size=50265, max_position_embeddings=514, type_vocab_size=1),
    ),
    Known(
        "openai/whisper-tiny",
        {
            "model_type": "whisper",
            "vocab_size": 51865,
            "max_target_positions": 448,
            "d_model": 384,
            "decoder_attention_heads": 6,
            "decoder_layers": 4,
        },
    ),
    Known(
        "openai/clip-vit-large-patch14",
        {
            "model_type": "clip",
            "text_config": {"hidden_size": 768, "num_attention_heads": 12},
        },
    ),
    Known(
        "EleutherAI/pythia-70m",
        {
            "model_type": "gpt_neox",
            "vocab_size": 50304,
            "max_position_embeddings": 2048,
            "hidden_size": 512,
            "num_attention_heads": 8,
            "num_hidden_layers": 6,
            "layer_norm_eps": 1e-5,
        },
        dtype="F16",
    ),
    Known(
        "HuggingFaceTB/SmolLM2-135M",
        {
            "model_type": "llama",
            "vocab_size": 49152,
            "max_position_embeddings": 8192,
            "hidden_size": 576,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "num_hidden_layers": 30,
            "rms_norm_eps": 1e-5,
        },
        dtype="BF16",
    ),
    Known(
        "Qwen/Qwen3-0.6B",
        {
            "model_type": "qwen3",
            "vocab_size": 151936,
            "max_position_embeddings": 40960,
            "hidden_size": 1024,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "num_hidden_layers": 28,
            "rms_norm_eps": 1e-6,
        },
        dtype="BF16",
    ),
)
KNOWN = {known.model_id: known for known in _MODELS}
