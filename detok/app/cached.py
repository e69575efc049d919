"""What the server computes once for all visitors, and keeps in memory.

Everything is kept by the layer itself, as it was loaded: what is loaded anew from a folder that has
changed meanwhile shares nothing with what was there before. `store` bounds all of it together, in
bytes; the numbers below bound each kind by itself. None but that of the layers holds a layer, so
that one that has gone lives only as long as somebody's page shows it.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
import torch
from streamlit.runtime.uploaded_file_manager import UploadedFile

import detok
from detok.app import (
    alive,
    disk_cache,
    fallback,
    garbage,
    log,
    models,
    own_counts,
    store,
    texts,
    tokens,
)
from detok.app.identity import OF_LAYER
from detok.app.jobs import Job, Progress
from detok.counting.choice import usable_counts_for
from detok.counting.counts import Counts
from detok.heads.measured import Measured, measured, measured_on_sample
from detok.heads.rebuilt import Rebuilt, rebuilt_words
from detok.replication.report import Report, report
from detok.scores import reference
from detok.tables import compare_lists, frequency as tables

# What there is once a layer: of layers there are as many as `DETOK_CACHED_MODELS` says.
MAX_LAYERS = 64
# Downloads, under way or done.
MAX_DOWNLOADS = 32
# Models with all their layers: 0.5 GB each at GPT-2's size.
MAX_MODELS = 1
# Texts that went through one: 45 MB at GPT-2's size for one of 128 tokens.
MAX_RUNS = 8
# Readings of gradients, each of which holds its text's run.
MAX_LENSES = 2
# Graphs of what flows to a position, 3 MB each at GPT-2's size; each holds its text's run.
MAX_FLOWS = 4
# Texts, with all that is computed of each.
MAX_TEXTS = 64
# Positions, each with its attention measured on the excerpts.
MAX_MEASURED = 128
# Averages over excerpts. Most are places still empty: every choice of texts has one.
MAX_AVERAGES = 64
# Averages over texts of a visitor's own, for each visitor.
MAX_OWN_AVERAGES = 16
# Samples of tokens in which heads are measured and kept, and the tokens in each.
MAX_SAMPLES = 16
SAMPLE_SIZE = 512
# Tokens of a vocabulary of which the words that a model rebuilds are looked for on the spot.
SMALL = 1 << 14
# What takes no longer needs no bar.
QUICK_S = 0.5

_by_layer, _by_counts = store.kept, own_counts.kept
# A visitor's own, which goes with the visitor.
_of_visitor = partial(st.cache_resource, show_spinner=False, scope="session", hash_funcs=OF_LAYER)


@store.kept(max_entries=MAX_LAYERS, is_heavy=True)
def load_layer(model: str) -> detok.Layer:
    """The first layer of a model.

    Raises: InputError if it cannot be loaded, is not for visitors, or has no room beside others.
    """
    models.check(model)
    layer = alive.again(model) or _loaded(model)
    alive.note(layer)
    garbage.watch()
    return layer


def _loaded(model: str) -> detok.Layer:
    alive.check_room()
    with log.timed("model loaded", 0.0, model=model):
        return fallback.load(model)


@store.kept(max_entries=MAX_DOWNLOADS)
def whole_download(model: str, revision: str | None) -> Job[Path]:
    """The download of all layers of a model of the hub, for whoever wants it."""
    return Job(name=model, computes=False)


@_by_layer(max_entries=MAX_MODELS, is_heavy=True)
def whole_model(layer: detok.Layer) -> detok.Model:
    """All layers of the model that a layer is the first of."""
    with log.timed("all layers loaded", 0.0, model=layer.name):
        model = detok.load_model(layer.name, device=layer.device, revision=layer.source.revision)
    garbage.collect()
    return model


@store.kept(max_entries=MAX_RUNS, is_heavy=True)
def run_of(model: detok.Model, ids: tuple[int, ...], target: int | None) -> detok.Run:
    """A text's way through all layers, forward and backward."""
    return detok.run(model, ids, target)


@store.kept(max_entries=MAX_LENSES, is_heavy=True)
def lens_of(run: detok.Run) -> detok.BackwardLens:
    """Where the gradients of a run lie, and what they would write."""
    return detok.backward_lens(run)


@store.kept(max_entries=MAX_FLOWS, is_heavy=True)
def flow_of(
    run: detok.Run, position: int, pruning: tuple[int, int, int, int], layers: tuple[int, int]
) -> detok.Flow:
    """What flows to a position in some layers; `pruning` as in `detok.Pruning`."""
    return detok.flow(run, position, detok.Pruning(*pruning), range(*layers))


@store.kept(max_entries=MAX_DOWNLOADS)
def download(model: str) -> Job[Path]:
    """The download of a model of the hub, for whoever wants it."""
    return Job(name=model, computes=False)


@_by_layer(max_entries=MAX_LAYERS)
def counts_for_all(layer: detok.Layer) -> tuple[Counts | None, str | None]:
    """`counts_of` for those who have none of their own."""
    return usable_counts_for(layer)


def counts_of(layer: detok.Layer) -> tuple[Counts | None, str | None]:
    """The counts of a layer's tokenizer, and in a sentence why a file of counts is not used.

    They are the visitor's own where there are some: what is made of them is kept `_by_counts`.
    """
    own = own_counts.of(layer)
    if own is None:
        return counts_for_all(layer)
    try:
        return own_counts.loaded(own, layer.vocab_size), None
    except detok.InputError as error:
        own_counts.drop()
        return counts_for_all(layer)[0], str(error)


def load_counts(layer: detok.Layer) -> Counts | None:
    """The token and bigram counts of a layer's tokenizer, if there are any."""
    return counts_of(layer)[0]


def _counts_or_empty(layer: detok.Layer) -> Counts:
    counts = load_counts(layer)
    return Counts.empty(layer.vocab_size) if counts is None else counts


@_by_counts(max_entries=MAX_LAYERS)
def shared_query(layer: detok.Layer) -> torch.Tensor:
    """The mean query of each head, tokens weighing as often as they occur in the layer's counts."""
    return detok.shared_query(layer, _counts_or_empty(layer).tokens)


@_by_layer(max_entries=MAX_TEXTS, is_heavy=True)
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


@_by_layer(max_entries=MAX_MEASURED, is_heavy=True)
def measured_on_excerpts(layer: detok.Layer, i: int) -> detok.MeanAttention:
    """The mean attention of position i over the bundled excerpts."""
    return detok.mean_attention(layer, excerpt_ids(layer), i)


@_by_layer(max_entries=MAX_AVERAGES)
def averages_job(
    layer: detok.Layer, first: int | None, n_texts: int, seed: int
) -> Job[detok.MeanContributions]:
    """Contributions averaged over a sample of the bundled excerpts."""
    return Job(name=f"averages, {layer.name}")


@_of_visitor(max_entries=MAX_OWN_AVERAGES)
def own_averages_job(
    layer: detok.Layer, file_id: str, first: int | None, n_texts: int, seed: int
) -> Job[detok.MeanContributions]:
    """Contributions averaged over texts of a visitor's own, which nobody else sees."""
    return Job(name=f"averages of a file, {layer.name}")


def compute_averages(
    job: Job[detok.MeanContributions],
    layer: detok.Layer,
    upload: UploadedFile | None,
    first: int | None,
    n_texts: int,
    seed: int,
) -> None:
    """Starts to average over excerpts, or over a visitor's own texts."""

    def compute(progress: Progress) -> detok.MeanContributions:
        layer.tokenizer.check_encodes()
        read = (
            excerpt_ids(layer) if upload is None else texts.texts_of(upload.name, upload.getvalue())
        )
        return detok.mean_contributions(
            layer, read, first=first, sample=n_texts, seed=seed, progress=progress
        )

    job.start(compute)
    job.wait(QUICK_S)


@_by_layer(max_entries=MAX_LAYERS)
def token_labels(layer: detok.Layer) -> list[str]:
    """How every token is offered in a search of all."""
    return [tokens.label(layer, token) for token in range(layer.vocab_size)]


@_by_layer(max_entries=MAX_LAYERS)
def token_kinds(layer: detok.Layer) -> np.ndarray:
    """The kinds of a model's tokens."""
    return detok.token_kinds(layer)


@_by_counts(max_entries=MAX_SAMPLES, is_heavy=True)
def heads_in_sample(layer: detok.Layer, seed: int) -> Measured:
    """The measures of heads in random samples of tokens, other ones for each seed."""
    return measured_on_sample(layer, _counts_or_empty(layer), SAMPLE_SIZE, seed)


@_by_counts(max_entries=MAX_LAYERS)
def heads_job(layer: detok.Layer) -> Job[Measured]:
    """The measures of heads over all tokens: kept on disk, or else for `compute_heads` to begin.

    Nothing of a visitor's own counts is on disk.
    """
    is_for_all = own_counts.of(layer) is None
    kept = disk_cache.load(layer, _counts_or_empty(layer)) if is_for_all else None
    return Job(kept, name=f"heads, {layer.name}")


def compute_heads(layer: detok.Layer) -> None:
    """Starts to measure heads over all tokens, once for all visitors, and keeps it on disk."""
    counts, is_for_all = _counts_or_empty(layer), own_counts.of(layer) is None

    def compute(progress: Progress) -> Measured:
        table = measured(layer, counts, progress)
        if is_for_all:
            disk_cache.save(layer, counts, table)
        return table

    heads_job(layer).start(compute)


@_by_layer(max_entries=MAX_LAYERS)
def rebuilt_for_all(layer: detok.Layer) -> Rebuilt:
    """The words that a small model rebuilds, by the counts of those who have none of their own."""
    return rebuilt_words(layer, counts_for_all(layer)[0])


@_by_counts(max_entries=MAX_LAYERS)
def _rebuilt_job(layer: detok.Layer) -> Job[Rebuilt]:
    found = None
    if is_small(layer):
        is_own = own_counts.of(layer) is not None
        found = rebuilt_words(layer, load_counts(layer)) if is_own else rebuilt_for_all(layer)
    return Job(found, name=f"rebuilt words, {layer.name}")


def is_small(layer: detok.Layer) -> bool:
    """Whether what takes all tokens of a vocabulary, such as its words, takes under a second."""
    return layer.vocab_size <= SMALL


def compute_rebuilt(layer: detok.Layer) -> None:
    """Starts to look for the words that a model rebuilds, once for all visitors."""
    counts = load_counts(layer)
    _rebuilt_job(layer).start(lambda progress: rebuilt_words(layer, counts, progress=progress))


def rebuilt_job(layer: detok.Layer) -> Job[Rebuilt]:
    """Which words a model rebuilds: done for a small one; for others begun when asked for.

    Raises: InputError if the model's files do not say how a text is split into words.
    """
    job = _rebuilt_job(layer)
    if job.state != "failed" and not job.was_cancelled:
        compute_rebuilt(layer)
    return job


@_by_counts(max_entries=MAX_LAYERS, is_heavy=True)
def token_frequencies(layer: detok.Layer) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tᵉ and Var(e) of all tokens beside their counts, and their correlations."""
    table = tables.tokens(layer, _counts_or_empty(layer))
    return table, tables.correlations(table)


@_by_layer(max_entries=MAX_LAYERS)
def tokens_in_both(left: detok.Layer, right: detok.Layer) -> np.ndarray:
    """The tokens of one model in another's vocabulary."""
    return compare_lists.tokens_in_both(left, right)


@_by_counts(max_entries=MAX_LAYERS)
def report_job(layer: detok.Layer) -> Job[Report]:
    """What of the published figures a model has: for `compute_report` to begin."""
    return Job(name=f"report, {layer.name}")


def compute_report(layer: detok.Layer) -> None:
    """Starts to measure all published figures again, once for all visitors."""
    counts = load_counts(layer)
    report_job(layer).start(lambda progress: report(layer, counts, progress=progress))
