"""Reads what the first attention layer needs from a checkpoint folder, one adapter a model type."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from detok.errors import CheckpointError
from detok.model.files import WEIGHTS, check_files, read_config, shards


@dataclass(frozen=True)
class FirstLayer:
    """Everything from the input to the attention scores of the first layer, as in the checkpoint.

    Matrices act on row vectors: a query is x @ W_Q + b_Q. The heads lie side by side in the last
    dimension.
    """

    W_E: torch.Tensor  # (V, d)
    W_pos: torch.Tensor  # (L, d)
    ln_1_weight: torch.Tensor  # (d,)
    ln_1_bias: torch.Tensor  # (d,)
    ln_1_eps: float
    W_Q: torch.Tensor  # (d, d)
    b_Q: torch.Tensor  # (d,)
    W_K: torch.Tensor  # (d, d)
    b_K: torch.Tensor  # (d,)
    n_heads: int
    n_layers: int
    n_parameters: int  # of the whole model


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is missing, damaged or incomplete ({error}); expected a whole safetensors "
            "file: download it again"
        ) from error


class Tensors:
    """The tensors of a checkpoint, read one at a time from its safetensors file or files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / WEIGHTS
        if path.exists():
            with _opened(path) as file:
                self._file_of = dict.fromkeys(file.keys(), path)
        else:
            self._file_of = shards(folder)

    def read(self, name: str, shape: dict[str, int]) -> torch.Tensor:
        """One tensor, with its expected shape by dimension letter, e.g. `{"V": 50257, "d": 768}`.

        Names are looked up with and without the prefix of a model that has a language head.
        Raises: CheckpointError if it is missing, or its shape, type or values cannot be used.
        """
        full_name = name if name in self._file_of else f"transformer.{name}"
        if full_name not in self._file_of:
            raise CheckpointError(
                f"{self.folder} has no tensor {name!r} or {full_name!r}; expected those of the "
                "first layer"
            )
        with _opened(self._file_of[full_name]) as file:
            tensor = file.get_tensor(full_name)
        if tensor.shape != tuple(shape.values()):
            letters = ", ".join(shape)
            raise CheckpointError(
                f"tensor {full_name!r} has shape {tuple(tensor.shape)}; expected ({letters}) = "
                f"{tuple(shape.values())} from config.json"
            )
        if tensor.dtype not in _DTYPES:
            raise CheckpointError(
                f"tensor {full_name!r} has type {tensor.dtype}; expected weights that are not "
                f"quantized: {', '.join(map(str, _DTYPES))}"
            )
        if not tensor.isfinite().all():
            raise CheckpointError(f"tensor {full_name!r} has NaN or infinity; expected numbers")
        return tensor


_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def _positive(config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise CheckpointError(f"config.json has {key} = {value!r}; expected a positive integer")
    return value


def _epsilon(config: dict[str, Any]) -> float:
    value = config.get("layer_norm_epsilon", 1e-5)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise CheckpointError(
            f"config.json has layer_norm_epsilon = {value!r}; expected a positive number"
        )
    return float(value)


def _read_gpt2(tensors: Tensors, config: dict[str, Any]) -> FirstLayer:
    V, L = _positive(config, "vocab_size"), _positive(config, "n_positions")
    d, H = _positive(config, "n_embd"), _positive(config, "n_head")
    if d % H:
        raise CheckpointError(f"config.json has n_embd = {d}, not a multiple of n_head = {H}")
    if not config.get("scale_attn_weights", True) or config.get("add_cross_attention", False):
        raise CheckpointError(
            "config.json asks for unscaled or cross attention; expected GPT-2's usual attention"
        )
    n_layers = _positive(config, "n_layer")
    d_mlp = 4 * d if config.get("n_inner") is None else _positive(config, "n_inner")
    # From the sizes: the files may hold buffers and a copy of tied weights, or lack other layers.
    per_layer = (4 * d + 4) * d + (2 * d + 1) * d_mlp + d + 4 * d
    # Conv1D: y = x W + b with W (in, out); queries, keys and values side by side.
    W = tensors.read("h.0.attn.c_attn.weight", {"d": d, "3d": 3 * d})  # (d, 3d)
    b = tensors.read("h.0.attn.c_attn.bias", {"3d": 3 * d})  # (3d,)
    return FirstLayer(
        W_E=tensors.read("wte.weight", {"V": V, "d": d}),
        W_pos=tensors.read("wpe.weight", {"L": L, "d": d}),
        ln_1_weight=tensors.read("h.0.ln_1.weight", {"d": d}),
        ln_1_bias=tensors.read("h.0.ln_1.bias", {"d": d}),
        ln_1_eps=_epsilon(config),
        W_Q=W[:, :d],
        b_Q=b[:d],
        W_K=W[:, d : 2 * d],
        b_K=b[d : 2 * d],
        n_heads=H,
        n_layers=n_layers,
        n_parameters=(V + L + 2) * d + n_layers * per_layer,
    )


# One adapter an architecture: all that is needed for another model with learned positions.
_ADAPTERS: dict[str, Callable[[Tensors, dict[str, Any]], FirstLayer]] = {"gpt2": _read_gpt2}


def adapter_for(config: dict[str, Any]) -> Callable[[Tensors, dict[str, Any]], FirstLayer]:
    """The function that reads this architecture's first layer.

    Raises: CheckpointError if the architecture is not supported.
    """
    architecture = config.get("model_type")
    if not isinstance(architecture, str) or architecture not in _ADAPTERS:
        named = "names no" if architecture is None else f"has model_type = {architecture!r}: no"
        raise CheckpointError(
            f"config.json {named} supported architecture; expected one with learned absolute "
            f"positions: {', '.join(_ADAPTERS)}"
        )
    return _ADAPTERS[architecture]


def read_first_layer(folder: Path) -> FirstLayer:
    """Reads only the first layer's tensors of a checkpoint, never a pickle.

    Raises: CheckpointError for a folder that is no checkpoint, a damaged file, an architecture
    that is not supported, or tensors whose shapes contradict config.json.
    """
    config = read_config(folder)
    adapter = adapter_for(config)
    check_files(str(folder), os.listdir(folder))
    return adapter(Tensors(folder), config)
