"""A first layer with random weights at the size of GPT-2 small: speed does not depend on values."""

import torch
from tokenizers import Tokenizer, models

from detok.model.families.family import FirstLayer
from detok.model.layer import Layer, fold_layer
from detok.model.source import Source
from detok.model.vocabulary import Vocabulary

V, L, D, H = 50_257, 1_024, 768, 12


def first_layer(seed: int = 0) -> FirstLayer:
    """Random tensors with the shapes and roughly the scale of GPT-2 small's."""
    generator = torch.Generator().manual_seed(seed)

    def normal(std: float, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * std

    return FirstLayer(
        W_E=normal(0.14, V, D),
        W_pos=normal(0.12, L, D),
        ln_1_weight=normal(0.1, D) + 0.2,
        ln_1_bias=normal(0.05, D),
        ln_1_eps=1e-5,
        W_Q=normal(0.2, D, D),
        b_Q=normal(0.5, D),
        W_K=normal(0.2, D, D),
        b_K=normal(0.1, D),
        n_heads=H,
        n_layers=12,
        scale=(D / H) ** 0.5,
    )


def vocabulary() -> Vocabulary:
    """V made-up tokens."""
    return Vocabulary(Tokenizer(models.WordLevel({f"t{n}": n for n in range(V)}, unk_token="t0")))


SOURCE = Source("random weights, GPT-2 small's size", None, None)


def layer(device: str | torch.device = "cpu") -> Layer:
    """The layer made of these tensors, in float32."""
    parts = first_layer(), vocabulary(), SOURCE
    return fold_layer(*parts, torch.device(device), torch.float32)
