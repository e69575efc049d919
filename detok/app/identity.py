"""What tells one loaded layer, or whatever else is kept, from every other, for the caches."""

import hashlib
from dataclasses import fields
from uuid import uuid4
from weakref import WeakKeyDictionary

import torch

from detok.model.layer import Layer

_hashes: WeakKeyDictionary[Layer, str] = WeakKeyDictionary()
_names: WeakKeyDictionary[object, str] = WeakKeyDictionary()


def identity(layer: Layer) -> tuple[str, ...]:
    """The same for the same layer loaded again, and different for any other."""
    return layer.name, revision(layer), str(layer.Q_E.dtype), str(layer.device)


def unique(thing: object) -> str:
    """Another one for every object that was ever made, for caches in memory alone."""
    return _names.setdefault(thing, uuid4().hex)


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
