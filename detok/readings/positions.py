"""What the tables of the positional bias say, in sentences."""

import math

import pandas as pd

from detok.readings import words
from detok.scores.mean_attention import MeanAttention
from detok.tables.positions import NEAR, ZOOM, Shapes

_OVER_TOKENS = (
    "over all tokens at j: the darker a standard deviation, the lighter their whole range"
)


def self_assertion(shapes: Shapes, head: int | None, ends: bool) -> str:
    """How steadily Tᵖ rises, in this head and over all, and what was left out of the drawing."""
    heads, slope = shapes.heads, shapes.median["slope_per_100"]
    if math.isnan(slope):
        return f"Tᵖ of {_positions(shapes)} is too short for a line through it."
    n_rising = len(heads[heads["rise_share"] > 0.5])
    n_up, n_down = (len(heads[sign * heads["slope_per_100"] > 0]) for sign in (1, -1))
    later = "later positions, the close ones," if shapes.is_causal else "later positions"
    sentences = [
        f"Tᵖ rises on more than half of its steps in {n_rising} of {words.heads(len(heads))}, and "
        f"its line slopes upward in {n_up} (median {slope:+.2f} per 100 positions): by Tᵖ, "
        f"{later} get {_more_or_less(n_up, n_down, len(heads))}."
    ]
    if head is not None:
        row, inner = heads.loc[head], f"positions 1 to {shapes.last - 1}"
        own = f"In head {head}, Tᵖ is the same at {inner}."
        if not math.isnan(row["r2"]):
            own = (
                f"In head {head}, Tᵖ rises on {row['rise_share']:.0%} of its steps, and its line "
                f"over {inner} by {row['slope_per_100']:+.2f} per 100 positions (R² "
                f"{row['r2']:.2f})."
            )
        sentences.insert(0, own)
    sentences += _left_out(shapes, head, "p", ends)
    if shapes.has_bands:
        sentences.append(f"Bands {_OVER_TOKENS}.")
    return " ".join(sentences)


def _positions(shapes: Shapes) -> str:
    return f"{shapes.last + 1} position{'s' if shapes.last else ''}"


def _more_or_less(n_up: int, n_down: int, n_heads: int) -> str:
    if n_up > n_heads / 2:
        return "more attention in most"
    return "less attention in most" if n_down > n_heads / 2 else "neither more nor less in most"


def _left_out(shapes: Shapes, head: int | None, curve: str, ends: bool) -> list[str]:
    if ends or shapes.last < 2:
        return []
    if head is None:
        return [f"Not drawn: position 0 and the last, {shapes.last}."]
    row = shapes.heads.loc[head]
    return [
        f"Not drawn, so as not to squash the rest: position 0 ({row[f'{curve}_first']:.2f}) and "
        f"the last, {shapes.last} ({row[f'{curve}_last']:.2f})."
    ]


def comparison(shapes: Shapes, head: int | None, ends: bool) -> str:
    """The wave in Tᵖᵖ: its period and how much of it is one wave; and where it is largest."""
    heads = shapes.heads
    if shapes.last < 3:
        return f"Tᵖᵖ of {_positions(shapes)} is too short for a wave."
    sentences = [_waves(shapes)]
    if len(shapes.seen) > 1:
        sentences.append(f"Of {_over(shapes)}, Tᵖᵖ is largest {_near(shapes, 'pp')}.")
    if head is not None:
        row, inner = heads.loc[head], f"positions 1 to {shapes.last - 1}"
        if math.isnan(row["period"]):
            own = f"In head {head}, Tᵖᵖ is the same at {inner}"
        elif row["is_wave"]:
            own = (
                f"In head {head}, the strongest wave of Tᵖᵖ over {inner} has a period of "
                f"{row['period']:.0f} positions and {row['period_share']:.0%} of the power"
            )
        else:
            own = (
                f"In head {head}, Tᵖᵖ has a slope or a bend over {inner}, stronger than any wave "
                f"that repeats: its lowest frequency has {row['period_share']:.0%} of the power"
            )
        sentences.insert(0, f"{own}{_largest(shapes, row['pp_back'], 'Tᵖᵖ')}.")
        if shapes.has_bands and not math.isnan(row["scale_max"]):
            sentences.append(
                f"The token at i scales it by {row['scale_max']:.3g} (largest σ_i) to "
                f"{row['scale_min']:.3g} (smallest)."
            )
    sentences += _left_out(shapes, head, "pp", ends)
    if shapes.has_bands:
        sentences.append(
            f"Lines at three σ_i, that of the token at i; bands at its mean, {_OVER_TOKENS}."
        )
    return " ".join(sentences)


def _waves(shapes: Shapes) -> str:
    n = len(shapes.heads[shapes.heads["is_wave"]])
    if not n:
        return "In no head is the strongest frequency of Tᵖᵖ a wave that repeats."
    median = f" (median period {shapes.median['period']:.0f} positions)"
    return (
        f"The strongest frequency of Tᵖᵖ is a wave that repeats in {n} of "
        f"{words.heads(len(shapes.heads))}{median}."
    )


def _over(shapes: Shapes) -> str:
    """The positions that are compared, and that 0 is none of them."""
    seen = shapes.seen
    without = " (position 0 is left out)" if seen[0] else ""
    return f"positions {seen[0]} to {seen[-1]}{without}"


def _near(shapes: Shapes, curve: str) -> str:
    """In how many heads a curve is largest near i; at i where all that it sees is near."""
    back, n_heads = shapes.heads[f"{curve}_back"], words.heads(len(shapes.heads))
    if shapes.all_close:
        return f"at i itself in {len(back[back == 0])} of {n_heads}"
    where = "before" if shapes.is_causal else "from"
    n = len(back[back.between(-ZOOM, ZOOM)])
    return f"at most {ZOOM} positions {where} i in {n} of {n_heads}"


def _largest(shapes: Shapes, back: float, what: str) -> str:
    if len(shapes.seen) == 1:
        return ""
    if math.isnan(back):
        return f"; {what} is the same at all that i sees"
    return f"; {what} is largest {_back(back)}"


def _back(distance: float) -> str:
    if distance < 0:
        return f"{-distance:.0f} after i"
    return f"{distance:.0f} before i" if distance else "at i itself"


def total(shapes: Shapes, head: int | None, ends: bool) -> str:
    """Which of the two terms decides the sum that i sees, and where the sum is largest."""
    i, heads, seen = shapes.i, shapes.heads, shapes.seen
    if len(seen) == 1:
        other = " and position 0" if seen[0] else ""
        sentences = [f"i = {i} sees only itself{other}."]
    else:
        n_p = len(heads[heads["p_span"] > heads["pp_span"]])
        sentences = [
            f"Over {_over(shapes)}, Tᵖ spans more than Tᵖᵖ in {n_p} of "
            f"{words.heads(len(heads))}; the sum is largest {_near(shapes, 'total')}."
        ]
        if head is not None:
            row = heads.loc[head]
            sentences.append(
                f"In head {head}, Tᵖ spans {row['p_span']:.3g} there and Tᵖᵖ "
                f"{row['pp_span']:.3g}{_largest(shapes, row['total_back'], 'their sum')}."
            )
    if i < shapes.last:
        sentences.append(
            f"What lies to the right of i = {i} is masked."
            if shapes.is_causal
            else f"No mask hides what lies to the right of i = {i}."
        )
    sentences += _left_out(shapes, head, "total", ends)
    return " ".join(sentences)


def attention(masses: pd.Series, i: int, head: int | None, left_out: list[int]) -> str:
    """How much attention goes to close positions and to position 0: expected and measured.

    `left_out` are the positions that are not drawn.
    """
    n = masses["n_close"]
    close = f"the {n:.0f} positions nearest to it" if masses["n_after"] else _last(n)

    def said(name: str) -> str:
        last, first = masses[f"last_{name}"], masses[f"first_{name}"]
        return f"{last:.0%} to {close} and {first:.0%}"

    where = f"in head {head}"
    if head is None:
        where = f"on average over {words.heads(int(masses['n_heads']))}"
    sentence = (
        f"By position alone, i = {i} would give {said('expected')} to position 0 {where} "
        f"(evenly spread: {masses['last_even']:.1%} and {masses['first_even']:.1%})"
    )
    if "last_mean" in masses:
        sentence += (
            f"; in texts it gives {said('mean')}. The two curves overlap by {masses['overlap']:.0%}"
        )
    sentence += "."
    if left_out:
        positions = " and ".join(f"position {j}" for j in left_out)
        sentence += f" Not drawn: {positions}."
    return sentence


def _last(n: float) -> str:
    return "itself" if n == 1 else f"its last {n:.0f} positions"


def measured(measured: MeanAttention, what: str) -> str:
    """How many texts the measured attention rests on."""
    short = f"; {measured.n_short} too short and left out" if measured.n_short else ""
    one = measured.n_used == 1
    band = "" if one else " The band is a standard deviation over the texts, cut at 0 and 100 %."
    return (
        f"Measured: the first layer's own attention weights, from its terms, over "
        f"{measured.n_used} {'excerpt' if one and what == 'excerpts' else what}{short}.{band}"
    )


def zoom(peaks: pd.DataFrame, n_close: int, head: int | None) -> str:
    """Which of the close positions gets most, expected and measured, on average over the heads."""
    if n_close == 1:
        return "i sees only itself."
    names = {"expected": "by position alone", "mean": "measured"}
    parts = []
    for row in peaks.itertuples():
        where = "largest at several" if math.isnan(row.back) else f"largest {_back(row.back)}"
        parts.append(f"{names[row.curve]}, attention is {where} ({row.weight:.1%})")
    over = " on average over the heads" if head is None else ""
    return f"Of these {n_close} positions{over}: {'; '.join(parts)}."


def summary(best: dict[str, pd.DataFrame], i: int, n_heads: int, is_causal: bool) -> str:
    """Which heads give most to close positions, and which to position 0."""
    n_close = min(NEAR, i + 1) if is_causal else None
    given = most(best, n_heads, n_close)
    return f"By position alone and at i = {i}, {given}. Choose a row to see its head."


def most(best: dict[str, pd.DataFrame], n_heads: int, n_close: int | None) -> str:
    """Which heads give most to the `n_close` last positions, and which to position 0.

    None stands for the nearest positions of a token that sees what comes after it, too.
    """
    close = f"at most {NEAR} nearest positions" if n_close is None else _last(n_close)
    parts = []
    for name, where in (("nearest", close), ("first", "position 0")):
        rows = best[name]
        heads, mass = words.named(rows["head"].tolist(), n_heads), rows["mass"].iloc[0]
        gives = "gives" if len(rows) == 1 else "give"
        part = f"{heads} {gives} {mass:.0%} to {where}"
        parts.append(part if len(rows) == n_heads else f"{part}, the most")
    return "; ".join(parts)
