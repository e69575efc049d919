"""What the tables of the positional bias say, in sentences."""

import math

import pandas as pd

from detok.scores.mean_attention import MeanAttention
from detok.tables.positions import NEAR, ZOOM, Shapes


def self_assertion(shapes: Shapes, head: int | None, ends: bool) -> str:
    """How steadily T^p rises, in this head and over all, and what was left out of the drawing."""
    heads, slope = shapes.heads, shapes.median["slope_per_100"]
    if math.isnan(slope):
        return f"T^p of {shapes.last + 1} positions is too short for a line through it."
    n_rising = len(heads[heads["rise_share"] > 0.5])
    n_up, n_down = (len(heads[sign * heads["slope_per_100"] > 0]) for sign in (1, -1))
    later = "later positions, the close ones," if shapes.is_causal else "later positions"
    sentences = [
        f"T^p rises on more than half of its steps in {n_rising} of {len(heads)} heads, and its "
        f"line slopes upward in {n_up} (median {slope:+.2f} per 100 positions): {later} get "
        f"{_more_or_less(n_up, n_down, len(heads))}."
    ]
    if head is not None:
        row = heads.loc[head]
        sentences.insert(
            0,
            f"In head {head}, T^p rises on {row['rise_share']:.0%} of its steps, "
            f"{row['slope_per_100']:+.2f} per 100 positions (R² {row['r2']:.2f}).",
        )
        sentences += _left_out(shapes, head, "p", ends)
    return " ".join(sentences)


def _more_or_less(n_up: int, n_down: int, n_heads: int) -> str:
    if n_up > n_heads / 2:
        return "more attention in most"
    return "less attention in most" if n_down > n_heads / 2 else "more attention in no majority"


def _left_out(shapes: Shapes, head: int, curve: str, ends: bool) -> list[str]:
    if ends or shapes.last < 2:
        return []
    row = shapes.heads.loc[head]
    return [
        f"Not drawn, so as not to squash the rest: position 0 ({row[f'{curve}_first']:.2f}) and "
        f"the last, {shapes.last} ({row[f'{curve}_last']:.2f})."
    ]


def comparison(shapes: Shapes, head: int | None, ends: bool) -> str:
    """The wave in T^pp: its period and how much of it is one wave; and where it is largest."""
    heads, period = shapes.heads, shapes.median["period"]
    if math.isnan(period):
        return f"T^pp of {shapes.last + 1} positions is too short for a wave."
    n_near = len(heads[heads["pp_back"].between(-ZOOM, ZOOM)])
    among, back = ("up to", "back") if shapes.is_causal else ("seen from", "away")
    sentences = [
        f"Among the positions {among} i = {shapes.i}, T^pp is largest at most {ZOOM} positions "
        f"{back} in {n_near} of {len(heads)} heads; the median of the heads' periods is "
        f"{period:.0f} positions."
    ]
    if head is not None:
        row = heads.loc[head]
        sentences.insert(
            0,
            f"In head {head}, the strongest wave of T^pp has a period of {row['period']:.0f} "
            f"positions and {row['period_share']:.0%} of the power; T^pp is largest "
            f"{_back(row['pp_back'])}.",
        )
        if "scale_max" in heads:
            sentences.append(
                f"The token at i scales it by {row['scale_max']:.2f} (largest σ_i) to "
                f"{row['scale_min']:.2f} (smallest)."
            )
        sentences += _left_out(shapes, head, "pp", ends)
    return " ".join(sentences)


def _back(distance: float) -> str:
    if distance < 0:
        return f"{-distance:.0f} after i"
    return f"{distance:.0f} before i" if distance else "at i itself"


def total(shapes: Shapes, head: int | None, ends: bool) -> str:
    """Which of the two terms decides the sum that i sees, and where the sum is largest."""
    i, heads, seen = shapes.i, shapes.heads, shapes.seen
    n_p = len(heads[heads["p_span"] > heads["pp_span"]])
    n_near = len(heads[heads["total_back"].between(-ZOOM, ZOOM)])
    back = "before" if shapes.is_causal else "from"
    masked = (
        f"What lies to the right of i = {i} is masked."
        if shapes.is_causal
        else "No mask hides what lies to the right of i."
    )
    sentences = [
        f"T^p spans more than T^pp in {n_p} of {len(heads)} heads; the sum is largest at most "
        f"{ZOOM} positions {back} i in {n_near}. {masked}"
    ]
    if head is not None:
        row = heads.loc[head]
        over = f"positions {seen[0]} to {seen[-1]}" if len(seen) > 1 else f"position {seen[0]}"
        sentences.insert(
            0,
            f"In head {head}, over {over}, T^p spans {row['p_span']:.1f} and T^pp "
            f"{row['pp_span']:.1f}; their sum is largest {_back(row['total_back'])}.",
        )
        sentences += _left_out(shapes, head, "total", ends)
    return " ".join(sentences)


def attention(masses: pd.Series, i: int, head: int | None, ends: bool) -> str:
    """How much attention goes to close positions and to position 0: expected and measured."""
    n = masses["n_close"]
    close = f"the {n:.0f} positions nearest to it" if masses["n_after"] else _last(n)

    def said(name: str) -> str:
        last, first = masses[f"last_{name}"], masses[f"first_{name}"]
        return f"{last:.0%} to {close} and {first:.0%}"

    where = f"in head {head}"
    if head is None:
        where = f"on average over {masses['n_heads']:.0f} heads"
    sentence = (
        f"By position alone, i = {i} would give {said('expected')} to position 0 {where} "
        f"(evenly spread: {masses['last_even']:.1%} and {masses['first_even']:.1%})"
    )
    if "last_mean" in masses:
        sentence += (
            f"; in texts it gives {said('mean')}. The two curves overlap by {masses['overlap']:.0%}"
        )
    sentence += "."
    if not ends and i > 0:
        sentence += " Position 0 and the last of the model are not drawn."
    return sentence


def _last(n: float) -> str:
    return "itself" if n == 1 else f"its last {n:.0f} positions"


def measured(measured: MeanAttention, what: str) -> str:
    """How many texts the measured attention rests on."""
    short = f"; {measured.n_short} too short and left out" if measured.n_short else ""
    return (
        f"Measured: the first layer's own attention weights, from the six terms, over "
        f"{measured.n_used} {what}{short}. The band is a standard deviation over the texts."
    )


def zoom(over_heads: pd.DataFrame, i: int, head: int | None) -> str:
    """Which of the close positions gets most, expected and measured, on average over the heads."""
    names = {"expected": "by position alone", "mean": "measured"}
    parts = []
    for name, words in names.items():
        if name in over_heads:
            best = over_heads.loc[over_heads[name].idxmax()]
            back = _back(i - best["j"])
            parts.append(f"{words}, attention is largest {back} ({best[name]:.1%})")
    sentence = "; ".join(parts) + (" on average over the heads." if head is None else ".")
    return sentence[0].upper() + sentence[1:]


def summary(table: pd.DataFrame, i: int) -> str:
    """Which head looks nearest, and which most to position 0."""
    last, first = f"mass_last_{NEAR}_at_{i}", f"mass_first_at_{i}"
    close = _last(NEAR if i >= NEAR else i + 1)
    if last not in table:
        last, close = f"mass_nearest_{NEAR}_at_{i}", f"at most {NEAR} nearest positions"
    near, sink = table.loc[table[last].idxmax()], table.loc[table[first].idxmax()]
    return (
        f"By position alone and at i = {i}, head {near['head']:.0f} looks nearest ({near[last]:.0%}"
        f" on {close}) and head {sink['head']:.0f} most to position 0 "
        f"({sink[first]:.0%}). Choose a row to see its head."
    )
