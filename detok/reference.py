"""The oracle: a model's own first-layer attention, computed by `transformers`."""

from collections.abc import Sequence

import torch

from detok.decomposition import attention, check_ids, terms
from detok.layer import Layer


@torch.inference_mode()
def model_attention(layer: Layer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """The model's own attention weights in its first layer, shape (H, n, n), on the CPU.

    Runs the implementation of `transformers` (eager attention, float32) on the checkpoint that the
    layer was loaded from, cut after its first layer.

    Raises: InputError for ids that this model cannot take.
    """
    # Imported here: it takes seconds, and only this check needs it.
    from transformers import GPT2Config, GPT2Model
    from transformers.utils import logging

    tokens = check_ids(layer, ids).cpu()
    config = GPT2Config.from_pretrained(layer.source.folder, n_layer=1)
    config._attn_implementation = "eager"
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # it would list the unread layers as unexpected
    try:
        model = GPT2Model.from_pretrained(
            layer.source.folder, config=config, dtype=torch.float32, local_files_only=True
        ).eval()
    finally:
        logging.set_verbosity(verbosity)
    return model(tokens[None], output_attentions=True, use_cache=False).attentions[0][0]


def attention_error(layer: Layer, ids: Sequence[int] | torch.Tensor) -> float:
    """Largest absolute difference between the six terms' attention and the model's own."""
    own = model_attention(layer, ids)
    return (attention(terms(layer, ids)).cpu() - own).abs().max().item()
