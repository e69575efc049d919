"""What tells one loaded layer, or whatever else is kept, from every other, for the caches."""

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from uuid import uuid4
from weakref import WeakKeyDictionary

import torch

from detok.model.any_layer import AnyLayer
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer

_hashes: WeakKeyDictionary[AnyLayer, str] = WeakKeyDictionary()
_names: WeakKeyDictionary[object, str] = WeakKeyDictionary()


def identity(layer: AnyLayer) -> tuple[str, ...]:
    """The same for the same layer loaded again, and different for any other."""
    return layer.name, revision(layer), str(layer.dtype), str(layer.device)


def unique(thing: object) -> str:
    """Another one for every object that was ever made, for caches in memory alone."""
    return _names.setdefault(thing, uuid4().hex)


def revision(layer: AnyLayer) -> str:
    """The commit that a layer was downloaded as; of a local folder, a hash of what was read there.

    The layer is asked and not the folder, which may hold another checkpoint by now.
    """
    if layer.source.revision is not None:
        return layer.source.revision
    if layer not in _hashes:
        _hashes[layer] = _sha256(layer)
    return _hashes[layer]


def _sha256(layer: AnyLayer) -> str:
    digest = hashlib.sha256(layer.tokenizer.backend.to_str().encode())
    for value in _values(layer.first):
        is_tensor = isinstance(value, torch.Tensor)
        digest.update(
            value.contiguous().view(torch.uint8).numpy() if is_tensor else repr(value).encode()
        )
    return digest.hexdigest()


def _values(of: object) -> Iterator[object]:
    """What an object is made of, and the parts of that."""
    if not is_dataclass(of):
        yield of
        return
    for field in fields(of):
        yield from _values(getattr(of, field.name))


# For caches: by what a layer is known.
OF_LAYER = {Layer: identity, RotaryLayer: identity}
