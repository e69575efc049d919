"""The oracles: a model's own first-layer attention, by `transformers` and from its own weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.checkpoint import Tensors
from detok.model.families import family_of
from detok.model.families.family import Family
from detok.model.files import full_name_in, read_config
from detok.model.inputs import check_ids
from detok.model.threads import side_by_side
from detok.scores.as_it_stands import lost_by_distance, queries_and_keys
from detok.scores.decomposition import attention, blocks, factors_of, scaled, summed, terms
from detok.scores.rotary import distances

# What config.json says of how tensors are kept, which is seen in the tensors themselves.
_NOT_THE_TENSORS = ("quantization_config", "dtype", "torch_dtype")
# The numbers of neurons, which come after attention.
_NEURONS = ("n_inner", "intermediate_size", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim")


@torch.inference_mode()
def model_attention(layer: AnyLayer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """The model's own attention weights in its first layer, shape (H, n, n), on the CPU.

    Runs the implementation of `transformers` (eager attention, float32) on the tensors of the
    checkpoint that the layer was loaded from, cut after its first layer.

    Raises: InputError for ids that this model cannot take, or a config.json of which
    `transformers` makes no model.
    """
    # Imported here: it takes seconds, and only this check needs it.
    import transformers

    tokens = check_ids(layer, ids).cpu()
    source = layer.source
    config = read_config(source.folder)
    family = family_of(config)
    read = Tensors(source.folder, family.prefixes, source.weights)
    weights = {name: read.read(name, shape) for name, shape in family.plan(config).shapes.items()}
    model_class = getattr(transformers, family.model_class)
    try:
        model = _cut(model_class, config, family, weights)
        model = getattr(model, family.part) if family.part else model
        return model(tokens[None], output_attentions=True).attentions[0][0]
    except Exception as error:  # config.json may hold anything besides what detok reads of it
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(
            f"`transformers` makes no model of this config.json ({why}); expected one as it "
            "writes itself"
        ) from error


def _cut(
    model_class: Any,
    config: Mapping[str, Any],
    family: Family,
    weights: Mapping[str, torch.Tensor],
) -> Any:
    """A model of `transformers` cut after its first layer, and before that layer's neurons."""
    from transformers.utils import logging

    kind = model_class.config_class
    own = dict(next((p for key, p in config.items() if _is_own(key, p, kind)), config))
    for key in _NOT_THE_TENSORS:
        own.pop(key, None)
    cut = kind.from_dict(own, **family.one_layer)
    for key in _NEURONS:
        if hasattr(cut, key):
            setattr(cut, key, 1)
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        model = model_class._from_config(cut, dtype=torch.float32, attn_implementation="eager")
    finally:
        logging.set_verbosity(verbosity)
    parts = model.state_dict()
    named = {
        full_name_in(parts, name, family.prefixes, ""): tensor for name, tensor in weights.items()
    }
    model.load_state_dict(named, strict=False)
    return model.eval()


def _is_own(key: str, part: Any, kind: Any) -> bool:
    """Whether a part of a config.json is that of a kind of configuration."""
    return isinstance(part, Mapping) and (
        key == kind.base_config_key or part.get("model_type") == kind.model_type
    )


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
        scores -= lost_by_distance(
            layer.first, heads, distances(rows.start, rows.stop, past.shape[1])
        )
        own = sight.masked(scores).softmax(dim=-1)
        parts = scaled(factors.block(heads, rows)).values()
        ours = sight.masked(summed(parts)).softmax(dim=-1)  # (heads, rows, n)
        return (ours.cpu() - own).abs().max().item()

    return max(side_by_side(error, blocks(layer.n_heads, len(tokens)), layer.device))
