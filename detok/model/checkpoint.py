"""Reads what the first attention layer needs from the files of a checkpoint."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from detok.errors import CheckpointError
from detok.model.families import family_of
from detok.model.families.family import First, Shapes
from detok.model.files import (
    BYTES,
    WEIGHTS_INDEX,
    check_shape,
    check_tokenizer,
    check_type,
    full_name_in,
    kept_name,
    read_config,
    shards,
    weights_of,
)
from detok.model.regular import of_checkpoint

# Rows of a tensor that are looked at together.
BLOCK = 2048
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    of_checkpoint(path)
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

    def __init__(self, folder: Path, prefixes: tuple[str, ...], weights: Path | None) -> None:
        self.folder = folder
        self.prefixes = prefixes
        path = weights or weights_of(folder)
        if path.name == WEIGHTS_INDEX:
            self._file_of = shards(folder)
        else:
            with _opened(path) as file:
                self._file_of = dict.fromkeys(file.keys(), path)

    def full_name(self, name: str) -> str:
        """A tensor's name as the checkpoint keeps it, under one of the prefixes.

        Raises: CheckpointError if it is under none of them.
        """
        return full_name_in(self._file_of, name, self.prefixes, str(self.folder))

    def those_here(self, shapes: Shapes) -> Shapes:
        """Those of some tensors that the checkpoint has, and whose files are here."""
        kept = {name: kept_name(self._file_of, name, self.prefixes) for name in shapes}
        here = {name for name, full in kept.items() if full and self._file_of[full].exists()}
        return {name: shape for name, shape in shapes.items() if name in here}

    def read(self, name: str, shape: Mapping[str, int]) -> torch.Tensor:
        """One tensor, with its expected shape by dimension letter, e.g. `{"V": 50257, "d": 768}`.

        Raises: CheckpointError if it is missing, or its shape, type or values cannot be used.
        """
        full_name = self.full_name(name)
        with _opened(self._file_of[full_name]) as file:
            tensor = file.get_tensor(full_name)
        check_shape(full_name, tuple(tensor.shape), shape)
        if tensor.dtype not in _DTYPES:
            raise CheckpointError(
                f"tensor {full_name!r} has type {tensor.dtype}; expected weights that are not "
                f"quantized: {', '.join(map(str, _DTYPES))}"
            )
        # Block by block: the answers for a large matrix would take half as much memory as it does.
        if not all(block.isfinite().all() for block in tensor.split(BLOCK)):
            raise CheckpointError(f"tensor {full_name!r} has NaN or infinity; expected numbers")
        return tensor

    def type_and_size(self, name: str, shape: Mapping[str, int]) -> tuple[str, int]:
        """A tensor's type, as its file names it, and its bytes: what `read` would read.

        Raises: CheckpointError if it is missing, or its shape or type cannot be used.
        """
        full_name = self.full_name(name)
        with _opened(self._file_of[full_name]) as file:
            tensor = file.get_slice(full_name)
            found, dtype = tuple(tensor.get_shape()), tensor.get_dtype()
        check_shape(full_name, found, shape)
        check_type(full_name, dtype)
        return dtype, prod(found) * BYTES[dtype]


def read_first_layer(folder: Path, weights: Path | None = None) -> First:
    """Reads only the first layer's tensors of a checkpoint, never a pickle.

    `weights` is a safetensors file, if it is not to be found in the folder.

    Raises: CheckpointError for a folder that is no checkpoint, a damaged file, an architecture
    that is not supported, or tensors whose shapes contradict config.json.
    """
    config = read_config(folder)
    family = family_of(config)
    plan = family.plan(config)
    check_tokenizer(str(folder), os.listdir(folder))
    tensors = Tensors(folder, family.prefixes, weights)
    wanted = {**plan.shapes, **tensors.those_here({**plan.written, **plan.here})}
    return plan.first_layer({n: tensors.read(n, shape) for n, shape in wanted.items()})


def lacking(folder: Path) -> Shapes:
    """What a checkpoint lacks of what is fetched beside the tensors that its first layer needs.

    Raises: CheckpointError as `read_first_layer`.
    """
    config = read_config(folder)
    family = family_of(config)
    written = family.plan(config).written
    here = Tensors(folder, family.prefixes, None).those_here(written)
    return {name: shape for name, shape in written.items() if name not in here}
