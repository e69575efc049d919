"""The figures of the token affinity page."""

import pandas as pd
import torch

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.one_or_all import in_title, numbers_of
from detok.app.provenance import about, counts_in_code, lines
from detok.app.where import Where, in_code
from detok.charts import affinity as charts
from detok.charts.palette import both_sides
from detok.charts.parts import capitalized
from detok.readings import affinity as readings, specific as specific_readings, words
from detok.readings.specific import SHARED, SPECIFIC
from detok.scores.affinity import Side
from detok.tables import affinity as tables, specific as specific_tables

PANEL_ROWS = 8  # bars a head where all heads are side by side


@kept
def best(
    layer: detok.Layer,
    token: int,
    head: int | None,
    k: int,
    side: Side,
    where: Where,
    score: str,
) -> Figure:
    """The tokens that each head, or one, binds to a token.

    Raises: InputError for an impossible place.
    """
    counts = cached.load_counts(layer)
    found = detok.affinity(
        layer, token, heads=head, k=k, side=side, less=_less(layer, score), **where.pair
    )
    table = tables.with_counts(found, layer, token, side, counts)
    shown = layer.tokenizer.show(token)
    drawn = table[table["rank"] <= PANEL_ROWS] if head is None else table
    return Figure(
        name="affinity",
        title=f"{capitalized(score)} with {shown}{in_title(head)}: {_ranked(layer, side)}"
        f"{where.said}",
        table=table.drop(columns="label"),
        about=about(layer, specific_readings.values(score, counts), counts),
        code=lines(
            layer,
            "tables.affinity",
            *_less_in_code(layer, score),
            f"table = detok.affinity(layer, {token}, heads={head}, k={k}, side={side!r}, "
            f"less=less{in_code(where.pair)})",
            f"table = tables.with_counts(table, layer, {token}, {side!r}, counts)",
            'table = table.drop(columns="label")',
        ),
        draw=lambda dark: charts.bars(drawn, score),
        drawn=drawn,
        alike=("bars", score, tuple(drawn), drawn["head"].nunique() > 1),
        answer="" if head is None else readings.answer(table, layer, score),
        readings=(
            readings.known(table, counts, score, side),
            *([where.joined] if where.joined else []),
        ),
        listed={"": tables.side_by_side(table) if head is None else _listed(table)},
        of=f"Token {shown} (id {token})",
        more={"token_id": token},
    )


@kept
def liked(layer: detok.Layer, head: int | None, k: int, where: Where) -> Figure:
    """What each head, or one, likes whatever the current token is."""
    counts, heads = cached.load_counts(layer), numbers_of(layer, head)
    table = specific_tables.liked(layer, shared(layer, head, where), heads, k, counts)
    return Figure(
        name="liked",
        title=f"What {'each head' if head is None else f'head {head}'} likes{where.said}",
        table=table,
        about=about(layer, specific_readings.values(SHARED, counts), counts),
        code=lines(
            layer,
            "tables.specific",
            *_less_in_code(layer, SPECIFIC),
            f"shared = detok.shared_scores(layer, less, heads={heads}{in_code(where.past)})",
            f"table = tables.liked(layer, shared, {heads}, {k}, counts)",
        ),
        answer="" if head is None else specific_readings.liked(table),
        readings=(specific_readings.parts(counts),),
        listed={"": tables.side_by_side(table, "shown") if head is None else _listed(table)},
    )


@kept
def shared(layer: detok.Layer, head: int | None, where: Where) -> torch.Tensor:
    """What each head, or one, gives to every token whatever the current one is, (heads, V)."""
    query = cached.shared_query(layer)
    return detok.shared_scores(layer, query, heads=numbers_of(layer, head), **where.past)


@kept
def piece_ranks(
    layer: detok.Layer, ids: tuple[int, ...], in_words: tuple[int, ...], score: str
) -> Figure:
    """The rank of the piece before each piece of a word, in a text whose tokens are `in_words`."""
    counts = cached.load_counts(layer)
    table = tables.piece_ranks(layer, list(ids), list(in_words), _less(layer, score))
    vocab_size = layer.vocab_size
    return Figure(
        name="pieces",
        title=f"Rank of the piece before, within words, by {specific_readings.by(score)}",
        table=table,
        about=about(layer, f"ranks by {specific_readings.values(score, counts)}", counts),
        code=lines(
            layer,
            "tables.affinity",
            *_less_in_code(layer, score),
            f"table = tables.piece_ranks(layer, {list(ids)}, {list(in_words)}, less)",
        ),
        draw=lambda dark: charts.piece_ranks(table, vocab_size),
        readings=()
        if table.empty
        else (readings.piece_ranks(tables.best_ranks(table), layer, score),),
        of=layer.tokenizer.text(*ids),
        more={"token_ids": ids},
    )


@kept
def pairs(
    layer: detok.Layer, tokens: tuple[int, ...], head: int | None, where: Where, score: str
) -> Figure:
    """The scores between some tokens."""
    counts, heads = cached.load_counts(layer), numbers_of(layer, head)
    table = tables.pairs(layer, list(tokens), heads, _less(layer, score), **where.both)
    seen = words.words_for(layer).seen
    named = map(layer.tokenizer.show, tokens if len(tokens) <= charts.NAMED else ())
    return Figure(
        name="heatmap",
        title=f"{capitalized(score)} between {len(tokens)} tokens{in_title(head)}{where.said}",
        table=table,
        about=about(layer, specific_readings.values(score, counts), counts),
        code=lines(
            layer,
            "tables.affinity",
            *_less_in_code(layer, score),
            f"table = tables.pairs(layer, {list(tokens)}, {heads}, less{in_code(where.both)})",
        ),
        draw=lambda dark: charts.pairs(table, dark, seen, score),
        drawn=table,
        alike=("pairs", score, seen, len(heads) > 1, *named),
        domain=both_sides(table["score"]),
        readings=(readings.pairs(tables.own_copies(table), score),),
    )


def _ranked(layer: detok.Layer, side: Side) -> str:
    return f"the best {words.words_for(layer).seen if side == 'past' else 'current'} tokens"


def _listed(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["rank", "shown", "score", "joined_shown", "count", "known"]
    return table[[column for column in columns if column in table]]


def _less(layer: detok.Layer, score: str) -> torch.Tensor | None:
    return cached.shared_query(layer) if score == SPECIFIC else None


def _less_in_code(layer: detok.Layer, score: str) -> list[str]:
    """The lines of the counts, and of the mean query that is taken off every query, if one is."""
    begun = [f"counts = {counts_in_code(layer, none='None')}"]
    if score != SPECIFIC:
        return [*begun, "less = None"]
    return [*begun, f"less = detok.shared_query(layer, {counts_in_code(layer)}.tokens)"]
