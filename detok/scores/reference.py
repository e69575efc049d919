"""The oracles: a model's own first-layer attention, by `transformers` and from its own weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.nn.functional import layer_norm

from detok.errors import InputError
from detok.model.checkpoint import Tensors
from detok.model.families import family_of
from detok.model.files import read_config
from detok.model.inputs import check_ids
from detok.model.layer import Layer
from detok.model.threads import side_by_side
from detok.scores.decomposition import Factors, attention, blocks, future, masked_sum, scaled, terms

# What config.json says of how tensors are kept, which is seen in the tensors themselves.
_NOT_THE_TENSORS = ("quantization_config", "dtype", "torch_dtype")
# The numbers of neurons, which come after attention.
_NEURONS = ("n_inner", "intermediate_size", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim")


@torch.inference_mode()
def model_attention(layer: Layer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
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
    weights = {
        read.full_name(name): read.read(name, shape)
        for name, shape in family.plan(config).shapes.items()
    }
    model_class = getattr(transformers, family.model_class)
    try:
        model = _cut(model_class, config, family.one_layer, weights)
        model = getattr(model, family.part) if family.part else model
        return model(tokens[None], output_attentions=True).attentions[0][0]
    except Exception as error:  # config.json may hold anything besides what detok reads of it
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise InputError(
            f"`transformers` makes no model of this config.json ({why}); expected one as it "
            "writes itself"
        ) from error


def _cut(
    model_class: Any, config: Mapping[str, Any], one_layer: Mapping[str, Any], weights: Any
) -> Any:
    """A model of `transformers` cut after its first layer, and before that layer's neurons."""
    from transformers.utils import logging

    part = config.get(model_class.config_class.base_config_key)
    own = dict(part if isinstance(part, Mapping) else config)
    for key in _NOT_THE_TENSORS:
        own.pop(key, None)
    cut = model_class.config_class.from_dict(own, **one_layer)
    for key in _NEURONS:
        if hasattr(cut, key):
            setattr(cut, key, 1)
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # it would list the unread layers as unexpected
    try:
        return model_class.from_pretrained(
            None,
            config=cut,
            state_dict=weights,
            dtype=torch.float32,
            attn_implementation="eager",
        ).eval()
    finally:
        logging.set_verbosity(verbosity)


def attention_error(layer: Layer, ids: Sequence[int] | torch.Tensor) -> float:
    """Largest absolute difference between the six terms' attention and the model's own."""
    own = model_attention(layer, ids)
    return (attention(terms(layer, ids)).cpu() - own).abs().max().item()


@torch.inference_mode()
def direct_error(layer: Layer, ids: Sequence[int] | torch.Tensor) -> float:
    """Largest absolute difference of the six terms' attention from the layer computed as it stands.

    LayerNorm, query, key and softmax follow one another in float64 on the CPU with the checkpoint's
    own weights, nothing folded and nothing expanded. A block of heads and rows at a time is held.

    Raises: InputError for ids that this model cannot take.
    """
    tokens = check_ids(layer, ids)
    first, n, on_cpu = layer.first, len(tokens), tokens.cpu()
    x = first.W_E[on_cpu].double() + first.W_pos[:n].double()  # (n, d)
    ln_1 = first.ln_1_weight.double(), first.ln_1_bias.double()
    x = layer_norm(x, x.shape[1:], *ln_1, first.ln_1_eps)  # (n, d)
    q, k = (
        (x @ W.double() + b.double()).unflatten(1, (layer.n_heads, -1))  # (n, H, d')
        for W, b in ((first.W_Q, first.b_Q), (first.W_K, first.b_K))
    )
    factors = Factors.of(layer, tokens).scaled()

    def error(block: tuple[slice, slice]) -> float:
        heads, rows = block
        seen = k[: rows.stop] if layer.is_causal else k  # (n, H, d')
        past = seen[:, heads].permute(1, 2, 0)  # (heads, d', n)
        scores = q[rows, heads].transpose(0, 1) @ past / layer.scale  # (heads, rows, n)
        if layer.is_causal:
            scores.masked_fill_(future(scores), -torch.inf)
        own = scores.softmax(dim=-1)
        parts = scaled(factors.block(heads, rows)).values()
        ours = masked_sum(parts, layer.is_causal).softmax(dim=-1)  # (heads, rows, n)
        return (ours.cpu() - own).abs().max().item()

    return max(side_by_side(error, blocks(layer.n_heads, n), layer.device))
