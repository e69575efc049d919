"""What can be said of a model without reading its weights."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from detok.errors import NotDownloadable
from detok.model.checkpoint import Tensors
from detok.model.families import family_of
from detok.model.files import check_tokenizer, files_of_weights, read_config
from detok.model.hub import entries
from detok.model.hub.fetch import bytes_kept
from detok.model.hub.remote import Remote
from detok.model.known import KNOWN, Known
from detok.model.sizes import Sizes, sizes_of
from detok.model.source import Source, locate_here
from detok.model.vocabulary import Vocabulary


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model as its files describe it; None is what they, or the hub, do not say."""

    model_id: str
    sizes: Sizes
    types: tuple[str, ...]  # of the tensors of the first layer, as safetensors files name them
    size: int  # bytes of these tensors
    whole_size: int | None = None  # bytes of all weights of the model
    size_here: int = 0  # bytes of weights on this machine
    folder: Path | None = None  # None if it is yet to be fetched
    tokenizer: Vocabulary | None = None
    commit: str | None = None
    latest: str | None = None  # the commit that its branch is at by now
    unasked: str | None = None  # why the hub could not be asked

    @property
    def n_tokens(self) -> int | None:
        """How many rows of the embedding have a token."""
        if self.tokenizer is None:
            return None
        ids = self.tokenizer.backend.get_vocab(with_added_tokens=True).values()
        return len({token_id for token_id in ids if token_id < self.sizes.vocab_size})


def card_of(model: str, revision: str | None = None) -> Card:
    """The card of "mini", of a local folder or file, or of a hub id.

    Of a model that is not on this machine, the hub is asked for config.json and for the headers of
    its files; if it does not answer, there is still what detok knows of well-known models.

    Raises: CheckpointError for a model that cannot be used; NotDownloadable for one that is
    neither here nor known, if the hub does not give it.
    """
    source = locate_here(model, revision)
    if source is not None:
        return _of_folder(source)
    model_id = model.strip()
    try:
        remote = Remote(model_id, revision)
    except NotDownloadable as error:
        if revision or model_id not in KNOWN:
            raise
        return _of_known(KNOWN[model_id], str(error))
    return _of_remote(remote)


def _of_folder(source: Source) -> Card:
    folder = source.folder
    config = read_config(folder)
    sizes, family = sizes_of(config), family_of(config)
    check_tokenizer(str(folder), os.listdir(folder))
    tensors = Tensors(folder, family.prefixes, source.weights)
    plan = family.plan(config)
    shapes = {**plan.shapes, **tensors.those_here(plan.written)}
    found = [tensors.type_and_size(name, shape) for name, shape in shapes.items()]
    files = files_of_weights(folder, source.weights)
    here = [path.stat().st_size for path in files if path.exists()]
    is_whole = entries.read(folder) is None and len(here) == len(files)
    return Card(
        model_id=source.model_id,
        sizes=sizes,
        types=_types(dtype for dtype, _ in found),
        size=sum(size for _, size in found),
        whole_size=sum(here) if is_whole else None,
        size_here=sum(here),
        folder=folder,
        tokenizer=Vocabulary.from_folder(folder),
        commit=source.revision,
        latest=source.latest,
    )


def _of_remote(remote: Remote) -> Card:
    config = remote.config()
    tensors = remote.tensors(config)
    return Card(
        model_id=remote.model_id,
        sizes=sizes_of(config),
        types=_types(tensor.dtype for tensor in tensors),
        size=sum(tensor.size for tensor in tensors),
        whole_size=remote.size(),
        size_here=bytes_kept(remote, tensors),
        commit=remote.commit,
        latest=remote.commit,
    )


def _of_known(known: Known, unasked: str) -> Card:
    return Card(
        model_id=known.model_id,
        sizes=known.sizes,
        types=(known.dtype,),
        size=known.size,
        unasked=unasked,
    )


def _types(types: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(types))
