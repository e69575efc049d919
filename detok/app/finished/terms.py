"""The figures of the page of a text's terms.

A text's terms take n² numbers each; only those of the last few heads and texts are kept.
"""

from collections.abc import Hashable
from dataclasses import replace

import pandas as pd

import detok
from detok.app import cached, own_counts
from detok.app.figure import Figure, kept
from detok.app.one_or_all import in_title, rows_in_code, rows_of
from detok.app.provenance import about, counts_in_code, ids_of, lines
from detok.charts import terms as charts
from detok.charts.palette import both_sides, in_order
from detok.model.any_layer import AnyLayer
from detok.readings import specific, terms as readings, words
from detok.scores.decomposition import AnyTerms
from detok.tables import terms as tables

NATS = "nats"
Ids = tuple[int, ...]
Window = tuple[int, int]  # from, and up to but without

for_a_moment = own_counts.kept(max_entries=4)


@kept
def contributions(layer: AnyLayer, ids: Ids, head: int | None) -> Figure:
    """What each term contributes at every position."""
    every = _every(layer, ids)
    table = rows_of(every, head)
    drawn = tables.drawn(table, layer.is_causal)
    return Figure(
        name="contributions",
        title=f"What each term contributes{in_title(head)}",
        table=table,
        about=about(layer, NATS),
        code=lines(
            layer,
            "tables.terms",
            *_contributions_in_code(ids),
            *rows_in_code(head),
        ),
        draw=None if drawn.table.empty else lambda dark: charts.contributions(drawn.table),
        drawn=drawn.table,
        alike=_alike(drawn.table),
        readings=(readings.per_position(drawn),),
        **of_text(layer, ids),
    )


@kept
def _every(layer: AnyLayer, ids: Ids) -> pd.DataFrame:
    return tables.per_position(layer, list(ids), cached.contributions(layer, ids))


@kept
def ranking(layer: AnyLayer, ids: Ids, head: int | None) -> Figure:
    """The terms of every head by their mean contribution; the sentence may be of one head."""
    drawn = _ranking(layer, ids)
    ranks = rows_of(drawn.table, head)
    return replace(drawn, readings=(readings.ranking(ranks, tables.places(ranks)),))


@kept
def _ranking(layer: AnyLayer, ids: Ids) -> Figure:
    table = tables.ranking(_every(layer, ids))
    is_drawn = (table["nats"] > tables.FLOOR).any()
    return Figure(
        name="ranking",
        title="The terms of each head by their mean contribution",
        table=table,
        about=about(layer, NATS),
        code=lines(
            layer, "tables.terms", *_contributions_in_code(ids), "table = tables.ranking(table)"
        ),
        draw=(lambda dark: charts.ranking(table)) if is_drawn else None,
        **of_text(layer, ids),
    )


@kept
def pair(layer: AnyLayer, ids: Ids, head: int, i: int, j: int, split: bool) -> Figure:
    """The score of one pair taken apart, beside that of the row's runner-up."""
    query = cached.shared_query(layer) if split else None
    found = detok.explain_pair(layer, ids, i=i, j=j, head=head, query=query)
    table, seen = tables.waterfall(layer, list(ids), found), words.words_for(layer).seen
    return Figure(
        name="pair",
        title=f"The score of i = {i} and j = {j}{in_title(head)}",
        table=table,
        about=_about_terms(layer, split),
        code=lines(
            layer,
            "tables.terms",
            ids_of(ids),
            *_query_in_code(layer, split),
            f"pair = detok.explain_pair(layer, ids, i={i}, j={j}, head={head}, query=query)",
            "table = tables.waterfall(layer, ids, pair)",
        ),
        draw=lambda dark: charts.waterfall(table, seen, dark),
        drawn=table,
        alike=("pair", seen, *table["part"].unique()),
        answer=readings.pair(layer, list(ids), found),
        **of_text(layer, ids),
    )


@kept
def maps(layer: AnyLayer, ids: Ids, head: int, window: Window, split: bool) -> Figure:
    """The terms of every pair in a window of the text."""
    terms = of_head(layer, ids, head)
    if split:
        terms = detok.split_ee(layer, ids, cached.shared_query(layer), heads=head)
    table, seen = tables.maps(layer, list(ids), terms, range(*window)), words.words_for(layer).seen
    spreads, is_capped = tables.spreads(table), terms.sight.soft_cap is not None
    how = "split_ee(layer, ids, query" if split else "terms(layer, ids"
    return Figure(
        name="terms",
        title=f"The terms of every pair{in_title(head)}",
        table=table,
        about=_about_terms(layer, split),
        code=lines(
            layer,
            "tables.terms",
            ids_of(ids),
            *(_query_in_code(layer, split) if split else []),
            f"terms = detok.{how}, heads={head})",
            f"table = tables.maps(layer, ids, terms, range{window})",
        ),
        # The only cell of a single token has no colour.
        draw=(lambda dark: charts.maps(table, dark, seen=seen)) if len(ids) > 1 else None,
        drawn=table,
        alike=("terms", seen, *terms.names, *labels(table)),
        domain=both_sides(table["centred"]),
        readings=(readings.maps(spreads, head, seen, is_capped=is_capped),),
        **of_text(layer, ids),
    )


@kept
def averaged(
    layer: AnyLayer,
    first: int | None,
    n_texts: int,
    seed: int,
    head: int | None,
    file: tuple[str, str] | None,
    _mean: detok.MeanContributions,
) -> Figure:
    """Contributions over many texts, which everything but `_mean` tells apart.

    `file` is the id and the name of a visitor's own file.
    """
    over = tables.averaged(_mean)
    table = rows_of(over, head)
    ranks = tables.ranking(table)
    drawn = tables.drawn(table).table
    read = ['texts = detok.excerpts()["text"]']
    if file is not None:
        read = [
            "from pathlib import Path",
            "from detok.app.texts import texts_of",
            f"texts = texts_of({file[1]!r}, Path({file[1]!r}).read_bytes())",
        ]
    return Figure(
        name="averaged",
        title=f"What each term contributes over many texts{in_title(head)}",
        table=table,
        about=about(layer, NATS),
        code=lines(
            layer,
            "tables.terms",
            *read,
            "mean = detok.mean_contributions("
            f"layer, texts, first={first}, sample={n_texts}, seed={seed})",
            "table = tables.averaged(mean)",
            *rows_in_code(head),
        ),
        draw=None if drawn.empty else lambda dark: charts.contributions(drawn),
        drawn=drawn,
        alike=_alike(drawn),
        readings=(
            readings.averaged(_mean, "excerpts" if file is None else "of your texts"),
            readings.ranking(ranks, tables.places(ranks)),
        ),
        of=f"{_mean.n_texts:,} {'excerpts of books' if file is None else 'own texts'}",
    )


@for_a_moment
def of_head(layer: AnyLayer, ids: Ids, head: int) -> AnyTerms:
    return detok.terms(layer, ids, heads=head)


def _about_terms(layer: AnyLayer, split: bool) -> dict[str, str]:
    """Of the terms; `split` ee needs counts."""
    scaled = words.divided(layer)
    if not split:
        return about(layer, scaled)
    counts = cached.load_counts(layer)
    return about(layer, f"{scaled}; q̄ of ee_shared is {specific.mean_query(counts)}", counts)


def of_text(layer: AnyLayer, ids: Ids) -> dict:
    """What of a figure tells its text."""
    return {"of": layer.tokenizer.text(*ids), "more": {"token_ids": list(ids)}}


def _contributions_in_code(ids: Ids) -> list[str]:
    return [
        ids_of(ids),
        "table = tables.per_position(layer, ids, detok.contributions(layer, ids))",
    ]


def _query_in_code(layer: AnyLayer, split: bool) -> list[str]:
    if not split:
        return ["query = None"]
    return [f"query = detok.shared_query(layer, {counts_in_code(layer)}.tokens)"]


def labels(table: pd.DataFrame) -> list[str]:
    """What stands along the axes of a map."""
    return list(dict.fromkeys(table["current"]))


def _alike(drawn: pd.DataFrame) -> tuple[Hashable, ...]:
    """What the chart of these contributions depends on, apart from them."""
    names = tuple(in_order(drawn["term"]))
    return "contributions", tuple(drawn), names, drawn["head"].nunique() > 1
