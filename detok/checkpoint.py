"""Finds a checkpoint (bundled, in a folder, on the hub) and reads what the first layer needs."""

import json
import math
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open

from detok.errors import CheckpointError, NotDownloadable

T = TypeVar("T")

BUNDLED = {"mini": Path(__file__).parent / "models" / "mini"}
# How long the hub may take to answer before it counts as out of reach.
HUB_TIMEOUT_S = 5.0
_TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "merges.txt")
_WEIGHTS = "model.safetensors"
_WEIGHTS_INDEX = "model.safetensors.index.json"


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


@dataclass(frozen=True)
class Source:
    """Where a checkpoint lies, and which revision it is (None for a local folder)."""

    model_id: str
    folder: Path
    revision: str | None


def locate(model_id: str, revision: str | None = None) -> Source:
    """Resolves "mini", a local folder or a hub id, downloading the last if it is not cached yet.

    Raises: CheckpointError if there is no such folder; NotDownloadable if the hub does not give it.
    """
    model_id = model_id.strip()
    if model_id in BUNDLED:
        return Source(model_id, BUNDLED[model_id], None)
    folder = Path(os.path.expanduser(model_id))
    if model_id and os.path.isdir(folder):  # unlike Path.is_dir, False for a name that is too long
        return Source(model_id, folder, None)
    if not model_id or folder.is_absolute() or model_id.startswith((".", "~")):
        raise CheckpointError(
            f"{model_id!r} is not a folder; expected a checkpoint folder, a hub id such as 'gpt2', "
            f"or a bundled model ({', '.join(BUNDLED)})"
        )
    folder = _cached(model_id, revision) or _download(model_id, revision)
    return Source(model_id, folder, folder.name)


def _cached(model_id: str, revision: str | None) -> Path | None:
    """The hub cache's folder of a model if it has all that is needed; asks no network."""
    # Imported here: nothing on the way to the bundled model needs it.
    import huggingface_hub as hub

    try:
        config = hub.try_to_load_from_cache(model_id, "config.json", revision=revision or None)
        folder = Path(config).parent if isinstance(config, str) else None
        if folder is None:
            return None
        _check_files(str(folder), os.listdir(folder))
        whole = (folder / _WEIGHTS).exists() or all(p.exists() for p in _shards(folder).values())
        return folder if whole else None
    except (ValueError, OSError):
        return None  # for the download to explain, or to mend


def _download(model_id: str, revision: str | None) -> Path:
    import huggingface_hub as hub

    def fetch(name: str, revision: str | None) -> Path:
        path = hub.hf_hub_download(model_id, name, revision=revision, etag_timeout=HUB_TIMEOUT_S)
        return Path(path)

    def ask() -> Any:
        return hub.model_info(model_id, revision=revision or None, timeout=HUB_TIMEOUT_S)

    try:
        names = {file.rfilename for file in _within(HUB_TIMEOUT_S, ask).siblings or ()}
        where = f"{model_id!r} on the hub"
        if "config.json" not in names:
            raise CheckpointError(f"{where} has no config.json; expected a GPT-2 checkpoint")
        # A model that cannot be used is refused before its gigabytes are downloaded. Other files
        # are asked for by this one's commit, in case the branch moves meanwhile.
        folder = fetch("config.json", revision or None).parent
        _adapter(read_config(folder))
        _check_files(where, names)
        # Weights come last: where they are in the cache, the rest is.
        for name in _TOKENIZER_FILES:
            if name in names:
                fetch(name, folder.name)
        if _WEIGHTS in names:
            fetch(_WEIGHTS, folder.name)
        else:
            fetch(_WEIGHTS_INDEX, folder.name)
            for path in sorted(set(_shards(folder).values())):
                fetch(path.relative_to(folder).as_posix(), folder.name)
        return folder
    except CheckpointError:
        raise
    # The hub library lets the errors of its HTTP client, of Xet and of JSON through.
    except Exception as error:
        raise _hub_error(error, model_id, revision) from error


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """What `ask` returns, or a TimeoutError.

    The timeouts of the HTTP client count anew for every address and request, and not for DNS.
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    # A daemon, so that a silent network does not hold up the end of the program either.
    Thread(target=run, daemon=True).start()
    return answer.result(timeout=seconds)


def _hub_error(error: Exception, model_id: str, revision: str | None) -> CheckpointError:
    from huggingface_hub import errors

    if isinstance(error, errors.HFValidationError):
        return CheckpointError(
            f"{model_id!r} is neither a folder nor a hub id; expected 'name' or 'owner/name'"
        )
    if isinstance(error, errors.GatedRepoError):
        return NotDownloadable(
            f"the hub asks for permission to download {model_id!r}; request it on the model's page "
            "and set the environment variable HF_TOKEN"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return NotDownloadable(
            f"the hub has no revision {revision!r} of {model_id!r}; expected a branch, a tag or a "
            "commit"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return NotDownloadable(
            f"{model_id!r} is neither a folder here nor a public model of the hub; expected an id "
            "such as 'gpt2'"
        )
    if isinstance(error, errors.HfHubHTTPError):
        reason = f"the hub answered HTTP {error.response.status_code}"
        remedy = "try again later, or check HF_TOKEN if the model is private"
    elif isinstance(error.__cause__ or error, errors.OfflineModeIsEnabled):
        reason = "HF_HUB_OFFLINE is set"
        remedy = "unset it"
    elif isinstance(error, TimeoutError):
        reason = f"the hub did not answer within {HUB_TIMEOUT_S:g} s"
        remedy = "connect to the network"
    else:
        cause = error.__cause__ or error
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        remedy = "connect to the network and try again"
    return NotDownloadable(
        f"{model_id!r} is not on this machine yet and could not be downloaded ({reason}); "
        f"{remedy}, or choose the bundled model 'mini' or a local folder"
    )


def read_config(folder: Path) -> dict[str, Any]:
    """The checkpoint's config.json.

    Raises: CheckpointError if the folder holds none or it cannot be parsed.
    """
    path = folder / "config.json"
    if not os.path.exists(path):  # unlike Path.exists, False where permission is lacking
        raise CheckpointError(
            f"{folder} is no checkpoint: it has no config.json; expected config.json, {_WEIGHTS} "
            "and tokenizer.json"
        )
    return _read_json(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} cannot be read as JSON ({error}); expected a JSON object"
        ) from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}; expected a JSON object")
    return content


def _check_files(where: str, names: Collection[str]) -> None:
    """Raises: CheckpointError if weights or tokenizer are not among the names of the files."""
    if _WEIGHTS not in names and _WEIGHTS_INDEX not in names:
        pickled = " (only a pickled pytorch_model.bin, which detok never opens)"
        found = pickled if "pytorch_model.bin" in names else ""
        raise CheckpointError(f"{where} has no {_WEIGHTS}{found}; expected one")
    if "tokenizer.json" not in names and not {"vocab.json", "merges.txt"} <= set(names):
        raise CheckpointError(
            f"{where} has no tokenizer; expected tokenizer.json, or vocab.json and merges.txt"
        )


def _shards(folder: Path) -> dict[str, Path]:
    """The file of every tensor of a checkpoint in several files."""
    index = folder / _WEIGHTS_INDEX
    weight_map = _read_json(index).get("weight_map")
    if (
        not isinstance(weight_map, dict)
        or not weight_map
        or not all(isinstance(name, str) for name in weight_map.values())
    ):
        raise CheckpointError(f"{index} has no weight_map; expected one from tensor to file names")
    return {tensor: folder / name for tensor, name in weight_map.items()}


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
        path = folder / _WEIGHTS
        if path.exists():
            with _opened(path) as file:
                self._file_of = dict.fromkeys(file.keys(), path)
        else:
            self._file_of = _shards(folder)

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


def _adapter(config: dict[str, Any]) -> Callable[[Tensors, dict[str, Any]], FirstLayer]:
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
    adapter = _adapter(config)
    _check_files(str(folder), os.listdir(folder))
    return adapter(Tensors(folder), config)
