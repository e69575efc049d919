"""What the server computes once for all visitors, and keeps in memory.

Everything is kept by the layer itself, as it was loaded: a model that is loaded anew, from a folder
that has changed meanwhile, shares nothing with what it was before. The oldest entries go first.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import streamlit as st
import torch

import detok
from detok.app import disk_cache
from detok.app.jobs import Job
from detok.counting.choice import usable_counts_for
from detok.counting.counts import Counts
from detok.heads.summary import sample_of_tokens
from detok.scores import reference
from detok.tables import frequency as tables

T = TypeVar("T")

# Layers kept at once for all visitors, by far the largest of what is kept.
MAX_LAYERS = 3
# Texts whose contributions are kept.
MAX_TEXTS = 64
# Mean attentions, one a position.
MAX_MEASURED = 128
# Averages over texts, and samples of tokens.
MAX_AVERAGES = 16
# Tokens of a sample, from which the AUROC of all is estimated.
SAMPLE_SIZE = 512

_numbers: WeakKeyDictionary[detok.Layer, int] = WeakKeyDictionary()
_next_number = count()


def _number(layer: detok.Layer) -> int:
    """A number that no other layer of this server has, nor will have."""
    return _numbers.setdefault(layer, next(_next_number))


_by_layer = partial(st.cache_resource, show_spinner=False, hash_funcs={detok.Layer: _number})


@dataclass
class Kept(Generic[T]):
    """A place for a result whose computation shows its progress.

    Streamlit repeats what a cached function has shown whenever its result is used again, and a bar
    is not to be repeated: so the place is cached, and the page fills it.
    """

    value: T | None = None


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def load_layer(model: str) -> detok.Layer:
    """The first layer of a model."""
    layer = detok.load(model)
    # Streamlit runs a full garbage collection after every script run; what is loaded by now stays.
    gc.collect()
    gc.freeze()
    return layer


@_by_layer(max_entries=MAX_LAYERS)
def counts_of(layer: detok.Layer) -> tuple[Counts | None, str | None]:
    """The counts of a layer's tokenizer, and in a sentence why a file of counts is not used."""
    return usable_counts_for(layer)


def load_counts(layer: detok.Layer) -> Counts | None:
    """The token and bigram counts of a layer's tokenizer, if there are any."""
    return counts_of(layer)[0]


def _counts_or_empty(layer: detok.Layer) -> Counts:
    counts = load_counts(layer)
    return Counts.empty(layer.vocab_size) if counts is None else counts


@_by_layer(max_entries=MAX_TEXTS)
def attention_error(layer: detok.Layer, text: str) -> float:
    """How far the six terms are from the model's own attention on a text."""
    return reference.attention_error(layer, layer.tokenizer.encode(text)[: layer.n_positions])


@_by_layer(max_entries=MAX_TEXTS)
def contributions(layer: detok.Layer, ids: tuple[int, ...]) -> torch.Tensor:
    """The contributions of the six terms in a text, (6, H, n)."""
    return detok.contributions(layer, ids)


@_by_layer(max_entries=MAX_TEXTS)
def direct_error(layer: detok.Layer, ids: tuple[int, ...]) -> float:
    """How far the six terms are from the layer computed as it stands, on a text."""
    return reference.direct_error(layer, ids)


@_by_layer(max_entries=MAX_LAYERS)
def layernorm_stats(layer: detok.Layer) -> detok.LayerNormStats:
    """The statistics of a model's LayerNorm."""
    return detok.layernorm_stats(layer)


@_by_layer(max_entries=MAX_LAYERS)
def excerpt_ids(layer: detok.Layer) -> list[list[int]]:
    """The bundled excerpts in a model's tokens."""
    encode = layer.tokenizer.backend.encode_batch
    texts = encode(detok.excerpts()["text"].tolist(), add_special_tokens=False)
    return [text.ids for text in texts]


@_by_layer(max_entries=MAX_MEASURED)
def measured_on_excerpts(layer: detok.Layer, i: int) -> Kept[detok.MeanAttention]:
    """The mean attention of position i over the bundled excerpts."""
    return Kept()


@_by_layer(max_entries=MAX_AVERAGES)
def averaged_over_excerpts(
    layer: detok.Layer, first: int | None, n_texts: int, seed: int
) -> Kept[detok.MeanContributions]:
    """Contributions averaged over a sample of the bundled excerpts."""
    return Kept()


@_by_layer(max_entries=MAX_AVERAGES, scope="session")
def averaged_over_upload(
    layer: detok.Layer, file_id: str, first: int | None, n_texts: int, seed: int
) -> Kept[detok.MeanContributions]:
    """Contributions averaged over texts of a visitor's own, which nobody else sees."""
    return Kept()


@_by_layer(max_entries=MAX_LAYERS)
def token_kinds(layer: detok.Layer) -> np.ndarray:
    """The kinds of a model's tokens."""
    return detok.token_kinds(layer)


@_by_layer(max_entries=MAX_AVERAGES)
def auroc_of_sample(layer: detok.Layer, seed: int) -> detok.Auroc:
    """The AUROC of a random sample of tokens, another one for each seed."""
    sample = sample_of_tokens(layer.vocab_size, SAMPLE_SIZE, seed)
    return detok.auroc(layer, _counts_or_empty(layer), sample)


@_by_layer(max_entries=MAX_LAYERS)
def auroc_job(layer: detok.Layer) -> Job[detok.Auroc]:
    """The AUROC of all tokens of a model: found on disk, or else to be computed once for all."""
    counts = _counts_or_empty(layer)

    def compute(progress: Callable[[int, int], None]) -> detok.Auroc:
        table = detok.auroc(layer, counts, progress=progress)
        disk_cache.save(layer, counts, table)
        return table

    return Job(compute, disk_cache.load(layer, counts))


@_by_layer(max_entries=MAX_LAYERS)
def token_frequencies(layer: detok.Layer) -> tuple[pd.DataFrame, pd.DataFrame]:
    """T^e and Var(e) of all tokens beside their counts, and their correlations."""
    table = tables.tokens(layer, _counts_or_empty(layer))
    return table, tables.correlations(table)
