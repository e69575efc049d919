"""The figures of a corpus: its pairs, by the counts that are in use."""

import pandas as pd

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, lines
from detok.counting.counts import Counts
from detok.model.any_layer import AnyLayer
from detok.readings import corpus as readings
from detok.tables import corpus as tables

LISTED = ["joined", "past_shown", "current_shown", "count", "pmi"]


@kept
def coverage(layer: AnyLayer) -> tables.Coverage:
    """How much of the vocabulary the counts have."""
    return tables.coverage(_counts(layer), layer.tokenizer.missing)


@kept
def split(layer: AnyLayer, k: int) -> Figure:
    """The most frequent words that the tokenizer splits in two.

    Raises: InputError if the counts do not tell which pairs stood inside words.
    """
    found = tables.split_words(_counts(layer), layer.tokenizer, k)
    table = tables.spelled(found, layer.tokenizer)
    return _figure(
        layer,
        "split-words",
        "Words that the tokenizer splits",
        table,
        f"tables.split_words(counts, layer.tokenizer, {k})",
        readings.split(table),
    )


@kept
def bound(layer: AnyLayer, k: int) -> Figure:
    """The most bound pairs inside words.

    Raises: InputError if the counts do not tell which pairs stood inside words.
    """
    table = tables.spelled(tables.bound_pairs(_counts(layer).within_words(), k), layer.tokenizer)
    return _figure(
        layer,
        "bound-pairs",
        "Most bound pairs inside words",
        table,
        f"tables.bound_pairs(counts.within_words(), {k})",
        readings.bound(table),
    )


@kept
def frequent(layer: AnyLayer, k: int) -> Figure:
    """The most frequent pairs, inside words and across."""
    table = tables.spelled(tables.frequent_pairs(_counts(layer), k), layer.tokenizer)
    return _figure(
        layer,
        "frequent-pairs",
        "Most frequent pairs",
        table,
        f"tables.frequent_pairs(counts, {k})",
        readings.frequent(table),
    )


def _figure(
    layer: AnyLayer, name: str, title: str, table: pd.DataFrame, made: str, answer: str
) -> Figure:
    return Figure(
        name=name,
        title=title,
        table=table,
        about=about(layer, readings.VALUES, _counts(layer)),
        code=lines(
            layer,
            "tables.corpus",
            f"counts = {counts_in_code(layer)}",
            f"pairs = {made}",
            "table = tables.spelled(pairs, layer.tokenizer)",
        ),
        answer=answer,
        listed={"": table[[column for column in LISTED if column in table]]},
    )


def _counts(layer: AnyLayer) -> Counts:
    counts = cached.load_counts(layer)
    return detok.Counts.empty(layer.vocab_size) if counts is None else counts
