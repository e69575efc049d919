"""Reads all layers of a GPT-2 into the implementation of `transformers`."""

import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from detok.errors import CheckpointError
from detok.model.checkpoint import Tensors
from detok.model.families import check_whole, family_of
from detok.model.families.config import epsilon, flag, shown, size
from detok.model.files import check_tokenizer, read_config

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel

# No GPT-2 has as many layers by far.
MAX_LAYERS = 4096
# What of config.json a GPT-2 depends on when it is not trained. Whatever else stands there, such as
# quantisation or types of numbers, is not handed on to `transformers`, which believes it.
_SIZES = ("vocab_size", "n_positions", "n_embd", "n_head", "n_layer")
_FLAGS = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "tie_word_embeddings": True,
}
Shapes = dict[str, Mapping[str, int]]


def shapes(config: Mapping[str, Any]) -> Shapes:
    """Every tensor that a GPT-2 is made of: sizes by dimension letter, m for the MLP's width.

    Raises: CheckpointError for another family, or sizes that cannot be.
    """
    check_whole(config)
    found: Shapes = dict(family_of(config).plan(config).shapes)  # which checks the sizes
    V, d = size(config, "vocab_size"), size(config, "n_embd")
    m = 4 * d if config.get("n_inner") is None else size(config, "n_inner")
    for layer in range(size(config, "n_layer", at_most=MAX_LAYERS)):
        parts = {
            "ln_1": {"d": d},
            "attn.c_attn": {"d": d, "3d": 3 * d},
            "attn.c_proj": {"d": d, "d′": d},
            "ln_2": {"d": d},
            "mlp.c_fc": {"d": d, "m": m},
            "mlp.c_proj": {"m": m, "d": d},
        }
        for name, shape in parts.items():
            *_, last = shape.items()
            found[f"h.{layer}.{name}.weight"] = shape
            found[f"h.{layer}.{name}.bias"] = dict([last])
    found["ln_f.weight"] = found["ln_f.bias"] = {"d": d}
    if not flag(config, "tie_word_embeddings", True):
        found["lm_head.weight"] = {"V": V, "d": d}
    return found


def needed(config: Mapping[str, Any], dtype: torch.dtype) -> int:
    """Bytes that loading takes at its peak: all tensors, and the largest once more as it is read.

    Raises: CheckpointError as `shapes`.
    """
    sizes = [prod(shape.values()) for shape in shapes(config).values()]
    return (sum(sizes) + max(sizes)) * dtype.itemsize


def largest_file(config: Mapping[str, Any], dtype: torch.dtype) -> int:
    """Bytes of a checkpoint of all layers, at most: older ones keep a mask (L, L) in each layer.

    Raises: CheckpointError as `shapes`.
    """
    numbers = sum(prod(shape.values()) for shape in shapes(config).values())
    masks = size(config, "n_layer") * size(config, "n_positions") ** 2
    return (numbers + masks) * dtype.itemsize


def read_network(
    folder: Path, weights: Path | None, device: torch.device, dtype: torch.dtype
) -> "GPT2LMHeadModel":
    """All layers of a checkpoint, in eager attention; none of its parameters takes a gradient.

    Raises: CheckpointError for a folder that is no checkpoint, a damaged file, another family, or
    tensors whose shapes contradict config.json.
    """
    # Imported here: it takes seconds.
    from transformers import GPT2Config, GPT2LMHeadModel
    from transformers.activations import ACT2FN

    config = read_config(folder)
    wanted = shapes(config)
    check_tokenizer(str(folder), os.listdir(folder))
    activation = config.get("activation_function", "gelu_new")
    if not isinstance(activation, str) or activation not in ACT2FN:
        raise CheckpointError(
            f"config.json has activation_function = {shown(activation)}; expected one of "
            "`transformers`, such as 'gelu_new'"
        )
    if activation == "gelu_new":
        activation = "gelu_pytorch_tanh"  # the same function, at a fraction of the time
    own = GPT2Config(
        **{key: config[key] for key in (*_SIZES, "n_inner") if key in config},
        **{key: flag(config, key, default) for key, default in _FLAGS.items()},
        activation_function=activation,
        layer_norm_epsilon=epsilon(config, "layer_norm_epsilon"),
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        network = GPT2LMHeadModel(own)
    tensors = Tensors(folder, family_of(config).prefixes, weights)
    read = {name: tensors.read(name, shape).to(device, dtype) for name, shape in wanted.items()}
    head = read.pop("lm_head.weight", read["wte.weight"])
    network.transformer.load_state_dict(read, assign=True)
    network.lm_head.weight = torch.nn.Parameter(head, requires_grad=False)
    return network.eval().requires_grad_(False)
