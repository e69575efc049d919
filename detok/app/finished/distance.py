"""The figures of how the score of a pair of tokens depends on their distance."""

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.one_or_all import in_title, numbers_of
from detok.app.provenance import about, counts_in_code, lines
from detok.charts import distance as charts
from detok.charts.parts import capitalized
from detok.readings import distance as readings
from detok.tables import distance as tables


def terms(layer: detok.RotaryLayer) -> list[str]:
    """What is drawn over distances: Tᵉᵉ if it is a wave, and the whole score if that is more."""
    if not has_waves(layer):
        return ["total"]
    return ["ee"] if layer.term_names == ("ee",) else ["ee", "total"]


def has_waves(layer: detok.RotaryLayer) -> bool:
    """Whether any frequency moves Tᵉᵉ, which is the same at every distance otherwise."""
    return bool((layer.theta > 0).any())


@kept
def curve(
    layer: detok.RotaryLayer, past: int, current: int, head: int | None, last: int, term: str
) -> Figure:
    """A term of a pair, or the whole score, over distances up to the last."""
    heads, counts = numbers_of(layer, head), cached.load_counts(layer)
    distances = _distances(past, current, last)
    bias = _bias(layer, distances)
    found = detok.distance_curve(layer, current, past, heads=heads)
    table = tables.curve(found, bias, heads, term)
    score, of = readings.TERMS[term], _pair(layer, past, current)
    only = found.names == ("ee",)
    return Figure(
        name=f"distance-{term}",
        title=f"{capitalized(score)} of {of} over distances{in_title(head)}",
        table=table,
        about=about(layer, f"{score}, unscaled", counts),
        code=_code(
            layer, past, current, heads, distances, f"tables.curve(curve, bias, {heads}, {term!r})"
        ),
        draw=lambda dark: charts.curve(table, score, term == "ee"),
        readings=(
            readings.curve(tables.peaks(table), list(distances), of, term, layer.n_heads, only),
            readings.chance(counts, len(bias.tokens), "low" in table),
        ),
        of=of,
        more={"token_id_j": past, "token_id_i": current},
    )


@kept
def spectrum(
    layer: detok.RotaryLayer, past: int, current: int, head: int | None, last: int
) -> Figure:
    """The frequencies that Tᵉᵉ of a pair is made of."""
    heads, counts = numbers_of(layer, head), cached.load_counts(layer)
    distances = _distances(past, current, last)
    found = detok.distance_curve(layer, current, past, heads=heads)
    table, of = tables.spectrum(found, _bias(layer, distances), heads), _pair(layer, past, current)
    return Figure(
        name="spectrum",
        title=f"Frequencies that Tᵉᵉ of {of} uses{in_title(head)}",
        table=table,
        about=about(layer, "amplitudes of Tᵉᵉ, unscaled", counts),
        code=_code(
            layer, past, current, heads, distances, f"tables.spectrum(curve, bias, {heads})"
        ),
        draw=lambda dark: charts.spectrum(table),
        readings=(readings.spectrum(tables.strongest(table), bool((layer.theta == 0).any())),),
        of=of,
        more={"token_id_j": past, "token_id_i": current},
    )


@kept
def _bias(layer: detok.RotaryLayer, distances: range) -> detok.DistanceBias:
    """The same over random pairs; one for all pairs."""
    counts = cached.load_counts(layer)
    tokens = None if counts is None else counts.tokens
    return detok.distance_bias(layer, distances, token_counts=tokens)


def _distances(past: int, current: int, last: int) -> range:
    """Those that two tokens can be at: 0 only if they may be one and the same."""
    return range(0 if past == current else 1, last + 1)


def _code(
    layer: detok.RotaryLayer,
    past: int,
    current: int,
    heads: list[int],
    distances: range,
    made: str,
) -> str:
    counts = cached.load_counts(layer)
    return lines(
        layer,
        "tables.distance",
        "tokens = None" if counts is None else f"tokens = {counts_in_code(layer)}.tokens",
        f"curve = detok.distance_curve(layer, {current}, {past}, heads={heads})",
        f"bias = detok.distance_bias(layer, {distances}, token_counts=tokens)",
        f"table = {made}",
    )


def _pair(layer: detok.RotaryLayer, past: int, current: int) -> str:
    return readings.pair(*map(layer.tokenizer.show, (past, current)))
