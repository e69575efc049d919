"""What the server computes once for all visitors, kept in memory by model."""

import gc
from collections.abc import Callable, Hashable

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
from detok.model.token_kinds import token_kinds as kinds_of_tokens
from detok.scores import reference
from detok.tables import frequency as tables

# Mean attentions kept at once for each model, one a position: 0.1 MB each at GPT-2 small's size.
MAX_MEASURED = 64
# Texts whose contributions are kept: 0.6 MB each for 1,024 tokens at GPT-2 small's size.
MAX_TEXTS = 64
# Averages over the excerpts kept at once for each model, of the same size.
MAX_AVERAGES = 16
# Layers kept at once for all visitors: a layer of GPT-2 small takes 0.5 GB.
MAX_LAYERS = 3
# Tokens of a sample, from which the AUROC of all is estimated: a second or two for GPT-2 small.
SAMPLE_SIZE = 512


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def load_layer(model: str) -> detok.Layer:
    """The first layer of a model, once for all visitors of this server."""
    layer = detok.load(model)
    # Streamlit runs a full garbage collection after every script run; what is loaded by now stays.
    gc.collect()
    gc.freeze()
    return layer


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def _counts(model: str) -> tuple[Counts | None, str | None]:
    return usable_counts_for(load_layer(model))


def load_counts(model: str) -> Counts | None:
    """The token and bigram counts of a model, if there are any; see `detok.counts_for`."""
    return _counts(model)[0]


def refused_counts(model: str) -> str | None:
    """Why a file of counts that was meant for a model is not used, in a sentence."""
    return _counts(model)[1]


@st.cache_resource(max_entries=16, show_spinner=False)
def attention_error(model: str, text: str) -> float:
    """How far the six terms are from the model's own attention on a text, measured once."""
    layer = load_layer(model)
    return reference.attention_error(layer, layer.tokenizer.encode(text)[: layer.n_positions])


@st.cache_resource(max_entries=MAX_TEXTS, show_spinner=False)
def contributions(model: str, ids: tuple[int, ...]) -> torch.Tensor:
    """The contributions of the six terms in a text, (6, H, n)."""
    return detok.contributions(load_layer(model), ids)


@st.cache_resource(max_entries=MAX_TEXTS, show_spinner=False)
def direct_error(model: str, ids: tuple[int, ...]) -> float:
    """How far the six terms are from the layer computed as it stands, on a text."""
    return reference.direct_error(load_layer(model), ids)


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def layernorm_stats(model: str) -> detok.LayerNormStats:
    """The statistics of a model's LayerNorm, computed once."""
    return detok.layernorm_stats(load_layer(model))


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def excerpt_ids(model: str) -> list[list[int]]:
    """The bundled excerpts in a model's tokens."""
    encode = load_layer(model).tokenizer.backend.encode_batch
    texts = encode(detok.excerpts()["text"].tolist(), add_special_tokens=False)
    return [text.ids for text in texts]


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def _measured(model: str) -> dict[int, detok.MeanAttention]:
    return {}


def measured_on_excerpts(
    model: str, i: int, progress: Callable[[int, int], None] | None = None
) -> detok.MeanAttention:
    """The mean attention of position i over the bundled excerpts, measured once."""
    measured = _measured(model)
    if i not in measured:
        found = detok.mean_attention(load_layer(model), excerpt_ids(model), i, progress)
        if len(measured) >= MAX_MEASURED:
            measured.clear()
        measured[i] = found
        return found
    return measured[i]


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def averages(model: str) -> dict[Hashable, detok.MeanContributions]:
    """Where contributions averaged over the bundled excerpts are kept, by what was asked for."""
    return {}


def remember(
    kept: dict[Hashable, detok.MeanContributions], key: Hashable, value: detok.MeanContributions
) -> None:
    """Keeps a value among the last MAX_AVERAGES."""
    kept[key] = value
    for old in list(kept)[:-MAX_AVERAGES]:
        kept.pop(old, None)  # another visitor may have done so


def _counts_or_empty(model: str) -> Counts:
    counts = load_counts(model)
    return Counts.empty(load_layer(model).vocab_size) if counts is None else counts


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def token_kinds(model: str) -> np.ndarray:
    """The kinds of a model's tokens."""
    layer = load_layer(model)
    return kinds_of_tokens(layer.tokenizer, layer.vocab_size)


@st.cache_resource(max_entries=16, show_spinner=False)
def auroc_of_sample(model: str, seed: int) -> detok.Auroc:
    """The AUROC of a random sample of tokens, once for each seed."""
    layer = load_layer(model)
    sample = sample_of_tokens(layer.vocab_size, SAMPLE_SIZE, seed)
    return detok.auroc(layer, _counts_or_empty(model), sample)


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def auroc_job(model: str) -> Job[detok.Auroc]:
    """The AUROC of all tokens of a model: found on disk, or else to be computed once for all."""
    layer, counts = load_layer(model), _counts_or_empty(model)

    def compute(progress: Callable[[int, int], None]) -> detok.Auroc:
        found = detok.auroc(layer, counts, progress=progress)
        disk_cache.save(layer, counts, found)
        return found

    return Job(compute, disk_cache.load(layer, counts))


@st.cache_resource(max_entries=MAX_LAYERS, show_spinner=False)
def token_frequencies(model: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """T^e and Var(e) of all tokens beside their counts, and their correlations."""
    table = tables.tokens(load_layer(model), _counts_or_empty(model))
    return table, tables.correlations(table)
