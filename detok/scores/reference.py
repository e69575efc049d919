"""The oracles: a model's own first-layer attention, by `transformers` and from its own weights."""

from collections.abc import Sequence

import torch

from detok.model.any_layer import AnyLayer
from detok.model.checkpoint import Tensors
from detok.model.families import family_of
from detok.model.files import full_name_in, read_config
from detok.model.inputs import check_ids
from detok.model.threads import side_by_side
from detok.scores.as_it_stands import queries_and_keys
from detok.scores.decomposition import attention, blocks, factors_of, scaled, summed, terms


@torch.inference_mode()
def model_attention(layer: AnyLayer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """The model's own attention weights in its first layer, shape (H, n, n), on the CPU.

    Runs the implementation of `transformers` (eager attention, float32) on the tensors of the
    checkpoint that the layer was loaded from, cut after its first layer.

    Raises: InputError for ids that this model cannot take.
    """
    # Imported here: it takes seconds, and only this check needs it.
    import transformers
    from transformers.utils import logging

    tokens = check_ids(layer, ids).cpu()
    source = layer.source
    config = read_config(source.folder)
    family = family_of(config)
    read = Tensors(source.folder, family.prefixes, source.weights)
    weights = {name: read.read(name, shape) for name, shape in family.plan(config).shapes.items()}
    model_class = getattr(transformers, family.model_class)
    cut = model_class.config_class.from_pretrained(source.folder, **family.one_layer)
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        model = model_class._from_config(cut, dtype=torch.float32, attn_implementation="eager")
    finally:
        logging.set_verbosity(verbosity)
    own = model.state_dict()
    weights = {full_name_in(own, name, family.prefixes, ""): w for name, w in weights.items()}
    model.load_state_dict(weights, strict=False)
    model = model.eval()
    model = getattr(model, family.part) if family.part else model
    return model(tokens[None], output_attentions=True).attentions[0][0]


def attention_error(layer: AnyLayer, ids: Sequence[int] | torch.Tensor) -> float:
    """Largest absolute difference between the terms' attention and the model's own."""
    own = model_attention(layer, ids)
    return (attention(terms(layer, ids)).cpu() - own).abs().max().item()


@torch.inference_mode()
def direct_error(layer: AnyLayer, ids: Sequence[int] | torch.Tensor) -> float:
    """Largest absolute difference of the terms' attention from the layer computed as it stands.

    LayerNorm, query, key and softmax follow one another in float64 on the CPU with the checkpoint's
    own weights, nothing folded and nothing expanded. A block of heads and rows at a time is held.

    Raises: InputError for ids that this model cannot take.
    """
    tokens = check_ids(layer, ids)
    q, k = queries_and_keys(layer.first, tokens.cpu())  # (H, n, d')
    factors = factors_of(layer, tokens).scaled()
    sight = factors.sight

    def error(block: tuple[slice, slice]) -> float:
        heads, rows = block
        past = k[heads, : rows.stop] if layer.is_causal else k[heads]  # (heads, n, d')
        scores = q[heads, rows] @ past.mT / layer.scale  # (heads, rows, n)
        own = sight.masked(scores).softmax(dim=-1)
        parts = scaled(factors.block(heads, rows)).values()
        ours = sight.masked(summed(parts)).softmax(dim=-1)  # (heads, rows, n)
        return (ours.cpu() - own).abs().max().item()

    return max(side_by_side(error, blocks(layer.n_heads, len(tokens)), layer.device))
