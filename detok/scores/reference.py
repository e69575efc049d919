"""The oracles: a model's own first-layer attention, by `transformers` and from its own weights."""

from collections.abc import Sequence

import torch
from torch.nn.functional import layer_norm

from detok.model.inputs import check_ids
from detok.model.layer import Layer
from detok.model.threads import side_by_side
from detok.scores.decomposition import Factors, attention, blocks, causal_sum, future, scaled, terms


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
        past = k[: rows.stop, heads].permute(1, 2, 0)  # (heads, d', n)
        scores = q[rows, heads].transpose(0, 1) @ past / layer.scale  # (heads, rows, n)
        own = scores.masked_fill_(future(scores), -torch.inf).softmax(dim=-1)
        parts = scaled(factors.block(heads, rows)).values()
        ours = causal_sum(parts).softmax(dim=-1)  # (heads, rows, n)
        return (ours.cpu() - own).abs().max().item()

    return max(side_by_side(error, blocks(layer.n_heads, n), layer.device))
