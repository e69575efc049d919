"""The figures of the page of segments."""

import detok
from detok.app import store
from detok.app.figure import Figure, kept
from detok.app.provenance import about, ids_of, lines, run_lines
from detok.charts import segments as charts, terms as term_charts
from detok.charts.palette import both_sides
from detok.readings import segments as readings, words
from detok.tables import segments as tables, terms as term_tables
from detok.whole.segments import visible_by_segments

Lengths = tuple[int, ...]  # tokens of each segment of the prompt
Window = tuple[int, int]  # from, and up to but without

# All layers and heads take n² numbers each.
_for_a_moment = store.kept(max_entries=2)


@kept
def attention(
    layer: detok.Layer, run: detok.Run, lengths: Lengths, number: int, head: int, window: Window
) -> Figure:
    """One head's attention in a window of the text: causal, by segments, and the difference."""
    found = _found(run, lengths)
    table = tables.attention(run, found, number, head, range(*window))
    moved = tables.moved(run, found, number, head)
    drawn = tables.drawn(table)
    return Figure(
        name="attention",
        title=f"Attention under two masks{_of(number, head)}",
        table=table,
        about=about(layer, f"attention weights, of scores {words.divided(layer)}; {WOULD}"),
        code=run_lines(
            layer,
            run,
            "tables.segments",
            *_found_in_code(lengths),
            f"table = tables.attention(run, found, {number}, {head}, range{window})",
        ),
        draw=lambda dark: charts.attention(drawn, dark),
        drawn=drawn,
        alike=("segments", *table.drop_duplicates("i")["current"]),
        domain=charts.ends(drawn),
        answer=readings.moved(moved, run.n),
        readings=tuple(
            filter(None, (readings.maps(run.n), readings.kept(moved), readings.COUNTERFACTUAL))
        ),
        **_text(run, lengths),
    )


@kept
def gains(layer: detok.Layer, run: detok.Run, lengths: Lengths, number: int, head: int) -> Figure:
    """What each token gets of a head's attention under both masks."""
    table = tables.gains(run, _found(run, lengths), number, head)
    return Figure(
        name="gains",
        title=f"Which tokens gain attention{_of(number, head)}",
        table=table,
        about=about(layer, f"attention weights, means over tokens i; {WOULD}"),
        code=run_lines(
            layer,
            run,
            "tables.segments",
            *_found_in_code(lengths),
            f"table = tables.gains(run, found, {number}, {head})",
        ),
        listed={"": tables.listed(table)},
        answer=readings.gains(table),
        readings=(readings.COUNTERFACTUAL,),
        **_text(run, lengths),
    )


@kept
def next_tokens(layer: detok.Layer, run: detok.Run, lengths: Lengths) -> Figure:
    """The token after the text under both masks."""
    found = _found(run, lengths)
    table = tables.next_tokens(run, found)
    return Figure(
        name="next_tokens",
        title="The token after the text under two masks",
        table=table,
        about=about(layer, f"probabilities; {WOULD}"),
        code=run_lines(
            layer,
            run,
            "tables.segments",
            *_found_in_code(lengths),
            "table = tables.next_tokens(run, found)",
        ),
        draw=lambda dark: charts.next_tokens(tables.either(table)),
        answer=readings.next_tokens(table, tables.shared(found), run.model.n_layers),
        readings=(readings.COUNTERFACTUAL,),
        **_text(run, lengths),
    )


@kept
def square(
    layer: detok.Layer, run: detok.Run, lengths: Lengths, head: int, window: Window
) -> Figure:
    """The six terms of every pair in a window of the text, also of those no causal mask shows."""
    ids = run.ids.tolist()
    visible = visible_by_segments(lengths, run.n).numpy()
    terms = detok.terms(layer, ids, heads=head)
    table = term_tables.square(layer, ids, terms, range(*window), visible)
    is_drawn = run.n > 1  # the only cell of a single token has no colour
    spreads = term_tables.spreads(table[table["visible"]])
    return Figure(
        name="square",
        title=f"The terms of every pair, the first layer, head {head}",
        table=table,
        about=about(layer, words.divided(layer)),
        code=lines(
            layer,
            "tables.terms",
            "from detok.whole.segments import visible_by_segments",
            ids_of(ids),
            f"visible = visible_by_segments({list(lengths)}, {run.n}).numpy()",
            f"terms = detok.terms(layer, ids, heads={head})",
            f"table = tables.square(layer, ids, terms, range{window}, visible)",
        ),
        draw=(lambda dark: term_charts.maps(table, dark, seen=charts.SEEN)) if is_drawn else None,
        drawn=table,
        alike=("square", *table.drop_duplicates("i")["current"]) if is_drawn else None,
        domain=both_sides(table["centred"]),
        readings=(readings.square(spreads, head, not table["visible"].all()),),
        **_text(run, lengths),
    )


WOULD = "by segments, what the model would do under another mask"


@_for_a_moment
def _found(run: detok.Run, lengths: Lengths) -> detok.SegmentAttention:
    return detok.segment_attention(run, lengths)


def _of(number: int, head: int) -> str:
    return f", layer {number}, head {head}"


def _text(run: detok.Run, lengths: Lengths) -> dict:
    """What of a figure tells its text and its segments."""
    ids = run.ids.tolist()
    parts = tables.segments(run, lengths)["text"]
    return {"of": " | ".join(parts), "more": {"token_ids": ids, "segments": list(lengths)}}


def _found_in_code(lengths: Lengths) -> list[str]:
    return [f"found = detok.segment_attention(run, {list(lengths)})"]
