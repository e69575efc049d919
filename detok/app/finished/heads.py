"""The figures of the page of detokenizing heads.

`seed` draws the sample of tokens that the heads are measured on; None stands for all tokens, once
they have been measured.
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pandas as pd

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, lines
from detok.charts import heads as charts
from detok.charts.parts import choose
from detok.charts.wire import Chart
from detok.counting.counts import Counts
from detok.heads.auroc import Convention
from detok.heads.measured import Measured
from detok.readings import heads as readings
from detok.tables import heads as tables

# What a computation of all tokens has no use for.
INTERVALS = ["mean_low", "mean_high", "unweighted_low", "unweighted_high"]
# Columns of a table that has half the page.
EXTREMES = ["shown", "joined", "area", "predecessors", "kind"]
AUROC = "AUROC of Tᵉᵉ"


@kept
def pairs(layer: detok.Layer, seed: int | None, head: int, convention: Convention) -> Figure:
    """Both measures of each head; the table has the pair AUROC."""
    return _chosen(_both_measures(layer, seed, convention), head, charts.measures)


@kept
def _both_measures(layer: detok.Layer, seed: int | None, convention: Convention) -> Figure:
    counts, extent = _counts(layer), _extent(layer, seed)
    table, paper = _pairs(layer, seed), _paper(layer, seed, convention)
    drawn = tables.measures(table, paper)
    hidden = INTERVALS if _is_whole(layer, seed) else []
    return Figure(
        name="pair-auroc",
        title="Pair AUROC of each head, beside the paper's measure",
        table=table,
        about=about(layer, AUROC, counts),
        code=_lines(layer, seed, "table = tables.pairs(found, counts)"),
        drawn=drawn,
        alike=("measures", *drawn["measure"].unique()),
        answer=readings.answer(table, extent),
        readings=(readings.measures(table, paper, extent),),
        listed={"": table.drop(columns=hidden, errors="ignore")},
    )


@kept
def unweighted(layer: detok.Layer, seed: int | None) -> str:
    """What the pair AUROC is with each token counted once."""
    return readings.unweighted(_pairs(layer, seed))


@kept
def tops(layer: detok.Layer, seed: int | None) -> Figure:
    """How often the true predecessor is among the first, by kind of token."""
    found, counts, kinds = _found(layer, seed), _counts(layer), cached.token_kinds(layer)
    table = tables.tops_by_kind(found, kinds)
    best = tables.tops(found, layer.vocab_size)
    return Figure(
        name="true-predecessors",
        title="The true predecessor at the top",
        table=table.drop(columns="label"),
        about=about(layer, "shares and ranks of the true predecessor by Tᵉᵉ", counts),
        code=_lines(
            layer,
            seed,
            "table = tables.tops_by_kind(found, detok.token_kinds(layer))",
            'table = table.drop(columns="label")',
        ),
        draw=None if table.empty else lambda dark: charts.tops(table, dark),
        answer=readings.tops(_pairs(layer, seed), best),
        readings=(readings.tops_by_kind(tables.best_tops(table)),),
    )


@kept
def paper(layer: detok.Layer, seed: int | None, head: int, convention: Convention) -> Figure:
    """The paper's measure of each head."""
    every = _paper_of_all(layer, seed, convention)
    return _chosen(every, head, lambda drawn, _: charts.summary(drawn))


@kept
def _paper_of_all(layer: detok.Layer, seed: int | None, convention: Convention) -> Figure:
    counts, extent = _counts(layer), _extent(layer, seed)
    table = _paper(layer, seed, convention)
    return Figure(
        name="paper-auroc",
        title="The paper's measure of each head",
        table=table,
        about=about(layer, AUROC, counts),
        code=_lines(layer, seed, f"table = tables.paper(found, counts, {convention!r})"),
        drawn=table,
        alike=("paper-auroc",),
        answer=readings.paper_answer(table, extent),
        readings=(readings.summary(table, extent, convention),),
    )


@kept
def by_kind(layer: detok.Layer, seed: int | None, convention: Convention) -> Figure:
    """The paper's measure by kind of token."""
    found, kinds = _found(layer, seed), cached.token_kinds(layer)
    table = tables.by_kind(found.areas, kinds, convention)
    edge = layer.tokenizer.edge
    return Figure(
        name="auroc-kinds",
        title="The paper's measure by kind of token",
        table=table.drop(columns="label"),
        about=about(layer, AUROC, _counts(layer)),
        code=_lines(
            layer,
            seed,
            f"table = tables.by_kind(found.areas, detok.token_kinds(layer), {convention!r})",
            'table = table.drop(columns="label")',
        ),
        draw=lambda dark: charts.by_kind(table, dark),
        readings=(readings.by_kind(tables.best_by_kind(table), edge),),
    )


@kept
def numbers(layer: detok.Layer, seed: int | None, convention: Convention) -> Figure:
    """The paper's measure in numbers; without counts, what needs none."""
    counts, extent = _counts(layer), _extent(layer, seed)
    every = _paper(layer, seed, convention)
    has_counts = cached.load_counts(layer) is not None
    table = every.drop(columns="frequency") if has_counts else every[["head", "diagonal_share"]]
    chosen = table.drop(columns=INTERVALS, errors="ignore") if _is_whole(layer, seed) else table
    return Figure(
        name="auroc",
        title="The paper's measure in numbers" if has_counts else "All heads in numbers",
        table=chosen,
        about=about(layer, AUROC, counts if has_counts else None),
        code=_lines(
            layer,
            seed,
            f"table = tables.paper(found, counts, {convention!r})",
            f"table = table[{chosen.columns.tolist()}]",
        ),
        readings=(readings.shares(every, extent),),
        listed={"": chosen},
    )


@kept
def curves(layer: detok.Layer, token: int, head: int) -> Figure:
    """The ROC curves of one token; without rows for one that never has a predecessor."""
    return _chosen(_curves(layer, token), head, lambda drawn, _: charts.curves(drawn))


@kept
def _curves(layer: detok.Layer, token: int) -> Figure:
    counts = _counts(layer)
    table = tables.token_curves(layer, counts, token)
    shown = layer.tokenizer.show(token)
    return Figure(
        name="roc",
        title=f"ROC curves of {shown}",
        table=table.drop(columns="label"),
        about=about(layer, "shares of the past tokens by Tᵉᵉ", counts),
        code=lines(
            layer,
            "tables.heads",
            f"counts = {counts_in_code(layer)}",
            f"table = tables.token_curves(layer, counts, {token})",
            'table = table.drop(columns="label")',
        ),
        drawn=table,
        alike=("roc", *table["label"].unique()),
        answer=readings.token(layer, counts, token, tables.token_areas(table)),
        of=f"Token {shown} (id {token})",
        more={"token_id": token},
    )


@kept
def predecessors(layer: detok.Layer, token: int, k: int) -> Figure:
    """Where each head ranks the most frequent predecessors of one token."""
    counts = _counts(layer)
    table = tables.predecessors(layer, counts, token, k)
    shown = layer.tokenizer.show(token)
    return Figure(
        name="predecessors",
        title=f"Predecessors of {shown}, and their ranks",
        table=table,
        about=about(layer, "ranks by Tᵉᵉ", counts),
        code=lines(
            layer,
            "tables.heads",
            f"counts = {counts_in_code(layer)}",
            f"table = tables.predecessors(layer, counts, {token}, {k})",
        ),
        readings=(readings.predecessors(tables.typical_ranks(table), layer),),
        listed={"": table.drop(columns="token_id")},
        more={"token_id": token},
    )


@kept
def extremes(layer: detok.Layer, seed: int | None, head: int, least: int) -> Figure:
    """The tokens on which a head does best, and worst."""
    found, counts, extent = _found(layer, seed), _counts(layer), _extent(layer, seed)
    kinds, areas = cached.token_kinds(layer), found.areas
    table = tables.extremes(layer, areas, counts, kinds, head, least)
    n_ranked = len(tables.ranked(areas, least))
    return Figure(
        name="auroc-tokens",
        title=f"Where head {head} does best, and worst, by the paper's measure",
        table=table,
        about=about(layer, AUROC, counts),
        code=_lines(
            layer,
            seed,
            "kinds = detok.token_kinds(layer)",
            f"table = tables.extremes(layer, found.areas, counts, kinds, {head}, {least})",
        ),
        readings=(readings.extremes(table, extent, n_ranked, head, least),),
        listed={
            end.capitalize(): table[table["end"] == end][EXTREMES] for end in ("best", "worst")
        },
    )


def _chosen(every: Figure, head: int, draw: Callable[[pd.DataFrame, bool], Chart]) -> Figure:
    """A figure of all heads with one of them marked in its chart, which is all that differs."""
    drawn = choose(every.drawn, head)
    return replace(every, drawn=drawn, draw=lambda dark: draw(drawn, dark), key=uuid4().hex)


@kept
def _pairs(layer: detok.Layer, seed: int | None) -> pd.DataFrame:
    return tables.pairs(_found(layer, seed), _counts(layer))


@kept
def _paper(layer: detok.Layer, seed: int | None, convention: Convention) -> pd.DataFrame:
    return tables.paper(_found(layer, seed), _counts(layer), convention)


@kept
def _extent(layer: detok.Layer, seed: int | None) -> tables.Extent:
    return tables.extent(_found(layer, seed).areas, _counts(layer))


def _found(layer: detok.Layer, seed: int | None) -> Measured:
    if seed is None:
        return cached.heads_job(layer).result
    return cached.heads_in_sample(layer, seed)


def _counts(layer: detok.Layer) -> Counts:
    counts = cached.load_counts(layer)
    return Counts.empty(layer.vocab_size) if counts is None else counts


def _lines(layer: detok.Layer, seed: int | None, *statements: str) -> str:
    sample = f", {cached.SAMPLE_SIZE}, {seed}"
    which = "measured" if seed is None else "measured_on_sample"
    return lines(
        layer,
        "tables.heads",
        f"from detok.heads.measured import {which}",
        f"counts = {counts_in_code(layer)}",
        f"found = {which}(layer, counts{'' if seed is None else sample})",
        *statements,
    )


def _is_whole(layer: detok.Layer, seed: int | None) -> bool:
    """Whether all tokens are measured: no interval is needed then."""
    return seed is None or layer.vocab_size <= cached.SAMPLE_SIZE
