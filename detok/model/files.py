"""The files of a checkpoint, and what its JSON says; without opening its weights."""

import json
import math
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from detok.errors import CheckpointError
from detok.model.regular import of_checkpoint

TOKENIZER = "tokenizer.json"
# The older files of a tokenizer; each set will do, and files beside it name special tokens.
OLDER_TOKENIZERS = (("vocab.json", "merges.txt"), ("vocab.txt",))
_BESIDE_OLDER = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
TOKENIZER_FILES = {TOKENIZER, *_BESIDE_OLDER, *(name for pair in OLDER_TOKENIZERS for name in pair)}
WEIGHTS = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
# Bytes of a file at most: parsed, it takes many times as many. The index of a model of thousands
# of tensors has a few MB, the largest tokenizers have about 40.
MAX_CONFIG, MAX_INDEX, MAX_TOKENIZER = 4 << 20, 16 << 20, 64 << 20
# Bytes of a number, by the names of types in safetensors files.
BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
# How checkpoints that came from TensorFlow name LayerNorm's weights, such as bert-base-uncased.
_OLDER_NAMES = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


def read_config(folder: Path) -> dict[str, Any]:
    """The checkpoint's config.json.

    Raises: CheckpointError if the folder holds none or it cannot be parsed.
    """
    path = folder / "config.json"
    if not os.path.exists(path):  # unlike Path.exists, False where permission is lacking
        raise CheckpointError(
            f"{folder} is no checkpoint: it has no config.json; expected config.json, {WEIGHTS} "
            "and tokenizer.json"
        )
    return _read_json(path, MAX_CONFIG)


def _read_json(path: Path, at_most: int) -> dict[str, Any]:
    of_checkpoint(path, at_most)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} cannot be read as JSON ({error}); expected a JSON object"
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}; expected a JSON object")
    return content


def check_files(where: str, names: Collection[str]) -> None:
    """Raises: CheckpointError if weights or tokenizer are not among the names of the files."""
    if WEIGHTS not in names and WEIGHTS_INDEX not in names:
        raise _no_weights(where, names)
    check_tokenizer(where, names)


def _no_weights(where: str, names: Collection[str]) -> CheckpointError:
    pickled = " (only a pickled pytorch_model.bin, which detok never opens)"
    found = pickled if "pytorch_model.bin" in names else ""
    return CheckpointError(f"{where} has no {WEIGHTS}{found}; expected one")


def weights_of(folder: Path) -> Path:
    """The file of a local checkpoint's weights, or the index of several.

    Raises: CheckpointError if there is none, or several without an index.
    """
    names = os.listdir(folder)
    only = [name for name in names if name.endswith(".safetensors")]
    for name in (WEIGHTS, WEIGHTS_INDEX):
        if name in names:
            return folder / name
    if len(only) == 1:
        return folder / only[0]
    if only:
        raise CheckpointError(
            f"{folder} has no {WEIGHTS}, but {len(only)} other files of weights; expected one: "
            f"give the path of the one that is meant, such as {folder / min(only)}"
        )
    raise _no_weights(str(folder), names)


def files_of_weights(folder: Path, weights: Path | None = None) -> list[Path]:
    """The files that hold a checkpoint's weights; `weights` if it is not to be looked for."""
    path = weights or weights_of(folder)
    return sorted(set(shards(folder).values())) if path.name == WEIGHTS_INDEX else [path]


def indexed_size(folder: Path) -> int | None:
    """The bytes of the tensors of a checkpoint in several files, if its index says so."""
    metadata = _read_json(folder / WEIGHTS_INDEX, MAX_INDEX).get("metadata")
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    return int(size) if isinstance(size, int | float) and 0 <= size < math.inf else None


def check_tokenizer(where: str, names: Collection[str]) -> None:
    """Raises: CheckpointError if no tokenizer is among the names of the files."""
    if not tokenizer_files(names):
        raise CheckpointError(
            f"{where} has no tokenizer; expected {TOKENIZER}, or vocab.json and merges.txt, or "
            "vocab.txt"
        )


def tokenizer_files(names: Collection[str]) -> list[str]:
    """Those of the names of the files that a tokenizer is read from; empty if there is none."""
    if TOKENIZER in names:
        return [TOKENIZER]
    for older in OLDER_TOKENIZERS:
        if set(older) <= set(names):
            return [name for name in (*_BESIDE_OLDER, *older) if name in names]
    return []


def shards(folder: Path) -> dict[str, Path]:
    """The file of every tensor of a checkpoint in several files."""
    index = folder / WEIGHTS_INDEX
    weight_map = _read_json(index, MAX_INDEX).get("weight_map")
    if (
        not isinstance(weight_map, dict)
        or not weight_map
        or not all(isinstance(name, str) for name in weight_map.values())
    ):
        raise CheckpointError(f"{index} has no weight_map; expected one from tensor to file names")
    for name in set(weight_map.values()):
        # Another path would have any file of this machine opened.
        if name in ("", ".", "..") or set(name) & set("/\\:"):
            raise CheckpointError(
                f"{index} says that tensors are in {name!r}; expected the name of a file beside it"
            )
        if not name.endswith(".safetensors"):
            raise CheckpointError(
                f"{index} says that tensors are in {name!r}; expected .safetensors: detok opens "
                "no other weights, pickled ones least of all"
            )
    return {tensor: folder / name for tensor, name in weight_map.items()}


def full_name_in(names: Collection[str], name: str, prefixes: tuple[str, ...], where: str) -> str:
    """A tensor's name as a checkpoint keeps it, under one of its family's prefixes.

    Raises: CheckpointError if it is under none of them.
    """
    found = kept_name(names, name, prefixes)
    if found is not None:
        return found
    candidates = [prefix + name for prefix in prefixes]
    raise CheckpointError(
        f"{where} has no tensor {' or '.join(map(repr, candidates))}; expected those of the first "
        "layer"
    )


def kept_name(names: Collection[str], name: str, prefixes: tuple[str, ...]) -> str | None:
    """As `full_name_in`, but None for a tensor that a checkpoint does not have."""
    older = name
    for new, old in _OLDER_NAMES.items():
        older = older.replace(new, old)
    candidates = (prefix + each for each in (name, older) for prefix in prefixes)
    return next((candidate for candidate in candidates if candidate in names), None)


def check_shape(name: str, found: tuple[int, ...], expected: Mapping[str, int]) -> None:
    """Raises: CheckpointError if a tensor has not the shape that config.json says."""
    if found != tuple(expected.values()):
        raise CheckpointError(
            f"tensor {name!r} has shape {found}; expected ({', '.join(expected)}) = "
            f"{tuple(expected.values())} from config.json"
        )


def check_type(name: str, found: str) -> None:
    """Raises: CheckpointError for a tensor whose type is none of `BYTES`."""
    if found not in BYTES:
        raise CheckpointError(
            f"tensor {name!r} has type {found}; expected weights that are not quantized: "
            f"{', '.join(BYTES)}"
        )
