"""The figures of the page that compares two heads, of one model or of two.

A text's maps take n² numbers each; only those of the last few heads and texts are kept.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd

import detok
from detok.app import cached, own_counts, texts
from detok.app.figure import Figure, kept
from detok.app.finished import affinity
from detok.app.provenance import about, counts_in_code, lines, loaded
from detok.charts import affinity as affinity_charts, compare as charts
from detok.counting.counts import Counts
from detok.readings import compare as readings, specific, words
from detok.scores import compare
from detok.scores.affinity import Side as Direction
from detok.scores.look_back import usual_place
from detok.tables import compare as tables, compare_heads, compare_lists, heads as heads_tables
from detok.tables.compare import ATTENTION, Side

WINDOW = 14  # tokens in a map, each with its label
Ids = tuple[int, ...]
# What the measures of heads are of, a piece for each model: the tokens of a text; or those of a
# word, each with the number of the word that it is in.
Given = tuple[Ids | tuple[Ids, Ids], ...]
# The number of the sample of tokens that each model's heads are measured on; None stands for all.
Samples = tuple[int | None, ...]

_for_a_moment = own_counts.kept(max_entries=4)


@_for_a_moment
def shared(left: detok.Layer, right: detok.Layer, text: str) -> compare.Shared:
    """A text in the tokens of both models; where neither can split one, by the ids of tokens.

    Raises: InputError if the text has no token, or is none that both models can take.
    """
    splits = []
    for layer in (left, right):
        texts.tokens_of(layer, text)  # which checks it
        if texts.can_encode(layer):
            splits.append(compare.split(layer, text))
        else:
            splits.append(compare.split_ids(layer, texts.encoded(layer, text)))
    return compare.shared(*splits, compare.share_vocabulary(left, right))


@_for_a_moment
def compared(left: Side, right: Side, text: str, what: str) -> tables.Maps:
    """What both heads have for every pair of tokens of a text."""
    return tables.maps(left, right, shared(left.layer, right.layer, text), text, what)


@_for_a_moment
def divergences(left: Side, right: Side, text: str) -> np.ndarray:
    """How far apart the attention of both heads is at every token i, (n,)."""
    return tables.divergences(compared(left, right, text, ATTENTION))


@kept
def maps(
    left: Side, right: Side, text: str, what: str, begin: int, chosen: tuple[int, int] | None
) -> tuple[Figure, ...]:
    """The two maps of a window of a text, and their difference where there is one.

    A click on a cell gives its i and j; `chosen` is framed.
    """
    found = compared(left, right, text, what)
    cells = tables.cells(found, begin, WINDOW)
    most, seen = tables.extent(cells), said(left, right).seen
    sides = [
        Figure(
            name=f"map-{side.name}",
            title=f"{readings.quantity(what)}, {readings.named(side)}",
            table=cells[n],
            code=_maps_in_code(left, right, text, what, begin, n),
            draw=lambda dark, n=n, name=side.name: charts.side(
                cells[n], name, what, most, dark, chosen, seen
            ),
            **_of_text(left, right, text, what),
        )
        for n, side in zip((0, len(cells) - 1), (left, right), strict=True)
    ]
    if not found.has_same_cells:
        return tuple(sides)
    difference = Figure(
        name="difference",
        title=readings.title(f"{readings.quantity(what)}: right less left", left, right),
        table=cells[0],
        code=_maps_in_code(left, right, text, what, begin, 0),
        draw=lambda dark: charts.difference(cells[0], what, dark, chosen, seen),
        **_of_text(left, right, text, what),
    )
    return *sides, difference


@kept
def row(left: Side, right: Side, text: str, i: int) -> Figure:
    """The attention of one token in both heads."""
    table, seen = tables.row(compared(left, right, text, ATTENTION), i), said(left, right).seen
    nats = divergences(left, right, text)
    is_causal = left.layer.is_causal and right.layer.is_causal
    return Figure(
        name="row",
        title=readings.title(f"Attention of i = {i}", left, right),
        table=table,
        code=_lines(
            left,
            right,
            "compare",
            *_text_in_code(left, right, text, ATTENTION),
            f"table = tables.row(maps, {i})",
        ),
        draw=lambda dark: charts.row(table, seen),
        answer=readings.apart(tables.apart(nats, i, is_causal)),
        **_of_text(left, right, text, ATTENTION),
    )


@kept
def pieces(sides: tuple[Side, ...], ids: Ids, in_words: Ids, most: int) -> Figure:
    """The ranks of the pieces before those of a word in one model, which both `sides` may be of.

    The scale ends at `most`. It has no rows of a word of one piece.
    """
    layer = sides[0].layer
    found = affinity.piece_ranks(layer, ids, in_words, specific.WHOLE)
    table = found.table
    typical = _typical(table)
    return replace(
        found,
        name=f"pieces-{sides[0].name}",
        title=f"{found.title}, {layer.name}",
        draw=lambda dark: affinity_charts.piece_ranks(table, most),
        readings=(readings.one_piece(layer),)
        if typical is None
        else tuple(readings.ranks(side, typical) for side in sides),
        key=uuid4().hex,  # it is drawn otherwise
    )


@kept
def lists(
    left: Side, right: Side, token: tuple[int, int], k: int, direction: Direction
) -> tuple[Figure, Figure, Figure]:
    """The best partners of a token in the left head, in the right one, and their ranks in both.

    `token` is its id in either model. A click on a point gives its left_id, right_id and where.
    """
    common = cached.tokens_in_both(left.layer, right.layer)
    found = compare_lists.lists(left, right, token, k, direction, common)
    listed = compare_lists.listed(found)
    most = max(left.layer.vocab_size, right.layer.vocab_size)
    shown = [s.layer.tokenizer.show(t) for s, t in zip((left, right), token, strict=True)]
    which = words.words_for(left.layer).seen if direction == "past" else "current"
    ids = {"left_token_id": token[0], "right_token_id": token[1]}
    code = (
        "common = tables.tokens_in_both(left.layer, right.layer)",
        f"lists = tables.lists(left, right, {token}, {k}, {direction!r}, common)",
    )
    sides = [
        Figure(
            name=f"list-{side.name}",
            title=f"The best {which} tokens with {name}, {readings.named(side)}",
            table=table,
            about=_about(left, right, "ranks, and scores Tᵉᵉ, unscaled"),
            code=_lines(left, right, "compare_lists", *code, f"table = lists.{side.name}"),
            listed={"": table.drop(columns=["token_id", "other_id"])},
            answer=readings.lists(found, left, right),
            of=f"Token {name}",
            more=ids,
        )
        for side, table, name in zip((left, right), (found.left, found.right), shown, strict=True)
    ]
    return *sides, Figure(
        name="ranks",
        title=readings.title(f"Ranks of the best {which} tokens with {shown[0]}", left, right),
        table=listed,
        about=_about(left, right, "ranks by Tᵉᵉ"),
        code=_lines(left, right, "compare_lists", *code, "table = tables.listed(lists)"),
        draw=lambda dark: charts.ranks(listed, most),
        readings=(readings.points(),),
        of=" and ".join(dict.fromkeys(f"token {name}" for name in shown)).capitalize(),
        more=ids,
    )


def sample(layer: detok.Layer) -> int | None:
    """The number of the sample that heads are measured on; None once all tokens have been."""
    return None if cached.heads_job(layer).state == "done" else 0


@kept
def every(left: Side, right: Side, given: Given, samples: Samples) -> pd.DataFrame:
    """All heads of both models by all measures."""
    found, i = [], usual_place([left.layer, right.layer])
    for n, (side, seed) in enumerate(zip((left, right), samples, strict=False)):
        layer, of = side.layer, given[n] if n < len(given) else None
        pairs = nats = ranks = None
        counts = cached.load_counts(layer)
        if counts is not None:
            job = cached.heads_job(layer)
            measured = job.result if seed is None else cached.heads_in_sample(layer, seed)
            pairs = heads_tables.pairs(measured, counts)
        if _is_word(of):
            ranks = _typical(affinity.piece_ranks(layer, *of, specific.WHOLE).table)
        elif of:
            nats = cached.contributions(layer, of)
        found.append(compare_heads.heads(layer, i, counts, pairs, nats, ranks))
    return compare_heads.every(left, right, found)


@kept
def heads(left: Side, right: Side, given: Given, samples: Samples, measure: str) -> Figure:
    """All heads of both models by one measure; the table has all. A click gives side and head."""
    table, sides = every(left, right, given, samples), (left, right)[: len(samples)]
    i = usual_place([left.layer, right.layer])
    drawn, title = compare_heads.measured(table, measure), compare_heads.MEASURES[measure]
    counts = [cached.load_counts(side.layer) for side in sides]
    made = [
        line for n, side in enumerate(sides) for line in _heads_in_code(side, n, given, samples)
    ]
    return Figure(
        name="heads",
        title=readings.title(f"All heads, {title}", left, right),
        table=table,
        about=_about(
            left,
            right,
            ", ".join(compare_heads.MEASURES[m] for m in compare_heads.MEASURES if m in table),
            counts[0],
        ),
        code=_lines(
            left,
            right,
            "compare_heads",
            "import detok.tables.affinity, detok.tables.heads",
            "from detok.heads.measured import measured, measured_on_sample",
            f"i = {i}",
            *made,
            f"table = tables.every(left, right, [{', '.join(f'{s.name}_heads' for s in sides)}])",
        ),
        draw=None
        if drawn.empty
        else lambda dark: charts.heads(drawn, title, dark, log=measure == "rank"),
        readings=(readings.heads(i, "pair_auroc" in table, len(sides) == 1),),
        listed={side.name: compare_heads.of_side(table, side.name) for side in sides},
    )


def said(left: Side, right: Side) -> words.Words:
    """What is true of both: a token that is seen may come after only if one of them allows it."""
    return words.words_for(right.layer if left.layer.is_causal else left.layer)


def _is_word(of: Ids | tuple[Ids, Ids] | None) -> bool:
    return bool(of) and isinstance(of[0], tuple)


def _typical(ranks: pd.DataFrame) -> pd.DataFrame | None:
    return None if ranks.empty else compare_heads.typical_ranks(ranks)


def _about(left: Side, right: Side, values: str, counts: Counts | None = None) -> dict[str, str]:
    """What a reader of numbers must know of them, of both models."""
    of_right = about(right.layer, values)
    return about(left.layer, values, counts) | {
        "heads": f"left {left.head}, right {right.head}, numbered from 0",
        "right_model": of_right["model"],
        "right_revision": of_right["revision"],
    }


def _of_text(left: Side, right: Side, text: str, what: str) -> dict[str, Any]:
    """What all figures of a text have in common."""
    found = shared(left.layer, right.layer, text)
    return {
        "about": _about(left, right, readings.values(what)),
        "of": text,
        "more": {"left_token_ids": found.left, "right_token_ids": found.right},
    }


def _lines(left: Side, right: Side, uses: str, *statements: str) -> str:
    """The lines of a table of both sides, which are there as `left` and `right`."""
    is_one = left.layer is right.layer
    return lines(
        left.layer,
        f"tables.{uses}",
        "from detok.tables.compare import Side",
        f'left = Side("left", layer, {left.head})',
        f'right = Side("right", {"layer" if is_one else loaded(right.layer)}, {right.head})',
        *statements,
    )


def _text_in_code(left: Side, right: Side, text: str, what: str) -> list[str]:
    """The lines that split a text and compare it, up to `maps`."""
    parts = [
        f"compare.split({side.name}.layer, text)"
        if texts.can_encode(side.layer)
        else f"compare.split_ids({side.name}.layer, {texts.encoded(side.layer, text)})"
        for side in (left, right)
    ]
    return [
        "from detok.scores import compare",
        f"text = {text!r}",
        "same = compare.share_vocabulary(left.layer, right.layer)",
        f"shared = compare.shared({', '.join(parts)}, same)",
        f"maps = tables.maps(left, right, shared, text, {what!r})",
    ]


def _maps_in_code(left: Side, right: Side, text: str, what: str, begin: int, n: int) -> str:
    table = f"table = tables.cells(maps, {begin}, {WINDOW})[{n}]"
    return _lines(left, right, "compare", *_text_in_code(left, right, text, what), table)


def _heads_in_code(side: Side, n: int, given: Given, samples: Samples) -> list[str]:
    """The lines of the measures of one model's heads."""
    layer, of = f"{side.name}.layer", given[n] if n < len(given) else None
    made, arguments = [], ""
    if cached.load_counts(side.layer) is not None:
        measured = (
            f"measured({layer}, counts)"
            if samples[n] is None
            else f"measured_on_sample({layer}, counts, {cached.SAMPLE_SIZE}, {samples[n]})"
        )
        made += [
            f"counts = {counts_in_code(side.layer, layer)}",
            f"pairs = detok.tables.heads.pairs({measured}, counts)",
        ]
        arguments += ", counts, pairs"
    if _is_word(of):
        ids, in_words = map(list, of)
        made.append(f"ranks = detok.tables.affinity.piece_ranks({layer}, {ids}, {in_words})")
        if not affinity.piece_ranks(side.layer, *of, specific.WHOLE).table.empty:
            arguments += ", ranks=tables.typical_ranks(ranks)"
    elif of:
        arguments += f", nats=detok.contributions({layer}, {list(of)})"
    return [*made, f"{side.name}_heads = tables.heads({layer}, i{arguments})"]
