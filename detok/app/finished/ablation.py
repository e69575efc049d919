"""The figures of a text's attention, with and without some terms."""

from collections.abc import Sequence

import detok
from detok.app.figure import Figure, kept
from detok.app.finished.terms import Ids, Window, for_a_moment, labels, of_head, of_text
from detok.app.one_or_all import in_title
from detok.app.provenance import about, ids_of, lines
from detok.charts import ablation as charts
from detok.model.any_layer import AnyLayer
from detok.readings import ablation as readings, words
from detok.tables import ablation as tables


@kept
def attention_of_heads(
    layer: AnyLayer, ids: Ids, dropped: tuple[str, ...], window: Window
) -> Figure:
    """Every head's attention in a window of the text, without some terms."""
    heads = list(range(layer.n_heads))
    last = window[1] - 1
    inside = list(ids[: layer.n_visible(last)])  # nothing else takes part in the window
    ablation = detok.ablate(detok.terms(layer, inside), dropped)
    table = tables.attention(layer, inside, ablation, heads, range(*window))
    moved = tables.divergences(ablation, heads, last)
    seen = words.words_for(layer).seen
    return Figure(
        name="attention",
        title=f"Who attends to whom, every head{_without(dropped)}",
        table=table,
        about=about(layer, _weights(layer)),
        code=_attention_in_code(layer, inside, None, dropped, heads, window),
        draw=lambda dark: charts.heads(table, dark, seen),
        answer=readings.divergences(moved, list(dropped), last),
        **of_text(layer, ids),
    )


@kept
def attention(
    layer: AnyLayer,
    ids: Ids,
    head: int,
    dropped: tuple[str, ...],
    window: Window,
    chosen: tuple[int, int],
) -> Figure:
    """One head's attention in a window of the text, without some terms; a click chooses (i, j)."""
    ablation = _ablation(layer, ids, head, dropped)
    moved = tables.divergences(ablation, [head], chosen[0])
    seen = words.words_for(layer).seen
    table = tables.attention(layer, list(ids), ablation, [head], range(*window))
    i, j = chosen
    drawn = table.assign(chosen=(table["i"] == i) & (table["j"] == j))
    return Figure(
        name="attention",
        title=f"Who attends to whom{in_title(head)}{_without(dropped)}",
        table=table,
        about=about(layer, _weights(layer)),
        code=_attention_in_code(layer, ids, head, dropped, [head], window),
        draw=lambda dark: charts.attention(drawn, "left", dark, seen),
        drawn=drawn,
        alike=("attention", seen, *labels(table)),
        domain=charts.shares(table),
        answer=readings.divergences(moved, list(dropped), chosen[0]),
        **of_text(layer, ids),
    )


def best(layer: AnyLayer, ids: Ids, head: int, dropped: tuple[str, ...], i: int) -> int:
    """The token j that gets most of i's attention."""
    return int(_ablation(layer, ids, head, dropped).full[0, i].argmax())


@kept
def row(layer: AnyLayer, ids: Ids, head: int, dropped: tuple[str, ...], i: int) -> Figure:
    """The attention of one token with and without the dropped terms."""
    table = tables.row(layer, list(ids), _ablation(layer, ids, head, dropped), i)
    seen = words.words_for(layer).seen
    return Figure(
        name="row",
        title=f"Attention of i = {i}{in_title(head)}{_without(dropped)}",
        table=table,
        about=about(layer, _weights(layer)),
        code=lines(
            layer,
            "tables.ablation",
            *_ablation_in_code(ids, head, dropped),
            f"table = tables.row(layer, ids, ablation, {i})",
        ),
        draw=lambda dark: charts.row(table, seen),
        **of_text(layer, ids),
    )


@for_a_moment
def _ablation(layer: AnyLayer, ids: Ids, head: int, dropped: tuple[str, ...]) -> detok.Ablation:
    return detok.ablate(of_head(layer, ids, head), dropped)


def _without(dropped: tuple[str, ...]) -> str:
    return f", without {', '.join(dropped)}" if dropped else ""


def _weights(layer: AnyLayer) -> str:
    return f"attention weights, of scores {words.divided(layer)}"


def _ablation_in_code(ids: Sequence[int], head: int | None, dropped: tuple[str, ...]) -> list[str]:
    return [
        ids_of(ids),
        f"ablation = detok.ablate(detok.terms(layer, ids, heads={head}), {list(dropped)})",
    ]


def _attention_in_code(
    layer: AnyLayer,
    ids: Sequence[int],
    head: int | None,
    dropped: tuple[str, ...],
    heads: list[int],
    window: Window,
) -> str:
    table = f"table = tables.attention(layer, ids, ablation, {heads}, range{window})"
    return lines(layer, "tables.ablation", *_ablation_in_code(ids, head, dropped), table)
