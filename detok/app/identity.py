"""What tells one loaded layer from every other, for the caches in memory and on disk."""

import hashlib
from dataclasses import fields
from weakref import WeakKeyDictionary

import torch

from detok.model.layer import Layer

_hashes: WeakKeyDictionary[Layer, str] = WeakKeyDictionary()


def identity(layer: Layer) -> tuple[str, ...]:
    """The same for the same layer loaded again, and different for any other."""
    return layer.name, revision(layer), str(layer.Q_E.dtype), str(layer.device)


def revision(layer: Layer) -> str:
    """The commit that a layer was downloaded as; of a local folder, a hash of what was read there.

    The layer is asked and not the folder, which may hold another checkpoint by now.
    """
    if layer.source.revision is not None:
        return layer.source.revision
    if layer not in _hashes:
        _hashes[layer] = _sha256(layer)
    return _hashes[layer]


def _sha256(layer: Layer) -> str:
    digest = hashlib.sha256(layer.tokenizer.backend.to_str().encode())
    for field in fields(layer.first):
        value = getattr(layer.first, field.name)
        is_tensor = isinstance(value, torch.Tensor)
        digest.update(
            value.contiguous().view(torch.uint8).numpy() if is_tensor else repr(value).encode()
        )
    return digest.hexdigest()
