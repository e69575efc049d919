"""The charts of a pair over distances: a DataFrame in, an Altair chart out.

All take one head or several; several become small multiples, each on its own scale.
"""

import altair as alt
import pandas as pd

from detok.charts.palette import BASELINE, MAIN, TERM_COLORS
from detok.charts.parts import capitalized, one_or_panels

_RANDOM = "mean of random pairs"


def curve(table: pd.DataFrame, score: str, is_term: bool) -> alt.Chart | alt.FacetChart:
    """The score of a pair over distances, in front of that of random pairs; a dot where it is most.

    `score` is what it is. Columns: head, distance, score, mean, largest, and perhaps low and high.
    """
    title, own = f"{capitalized(score)} (unscaled)", TERM_COLORS["ee"] if is_term else MAIN
    x = alt.X("distance:Q", title="Distance Δ", scale=alt.Scale(nice=False, zero=False))
    scale = alt.Scale(domain=["this pair", _RANDOM], range=[own, BASELINE])
    color = alt.Color("series:N", title=None, scale=scale, legend=alt.Legend(orient="top"))

    def line(column: str, name: str) -> alt.Chart:
        y = alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=False))
        drawn = alt.Chart().transform_calculate(series=f"'{name}'").mark_line(strokeWidth=1.8)
        return drawn.encode(x=x, y=y, color=color)

    tooltip = [
        alt.Tooltip("head:O", title="Head"),
        alt.Tooltip("distance:Q", title="Distance Δ"),
        alt.Tooltip("score:Q", title=capitalized(score), format=".3f"),
        alt.Tooltip("mean:Q", title="Random pairs, mean", format=".3f"),
    ]
    parts = []
    if "low" in table:
        band = alt.Chart().mark_area(color=BASELINE, opacity=0.25)
        y = alt.Y("low:Q", title=title, scale=alt.Scale(zero=False))
        parts.append(band.encode(x=x, y=y, y2="high:Q"))
    y = alt.Y("score:Q", title=title)
    dots = alt.Chart().transform_filter("datum.largest")
    parts += [
        line("mean", _RANDOM),
        line("score", "this pair"),
        dots.mark_point(color=own, filled=True, size=70, opacity=1).encode(x=x, y=y),
        alt.Chart().mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tooltip),
    ]
    what = f"{score} of a pair of tokens, with a dot where it is largest, and that of random pairs"
    return one_or_panels(table, parts, "Lines over distances", what, height=260)


def spectrum(table: pd.DataFrame) -> alt.Chart | alt.FacetChart:
    """Amplitudes by period, on a log scale; a tick is the usual one of random pairs.

    Columns: head, period, amplitude, share, usual.
    """
    x = alt.X(
        "period:Q",
        title="Period in tokens",
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=alt.Axis(format="~s", values=[10**n for n in range(9)]),
    )
    title, color = "Amplitude (unscaled)", TERM_COLORS["ee"]
    y = alt.Y("amplitude:Q", title=title)
    tooltip = [
        alt.Tooltip("head:O", title="Head"),
        alt.Tooltip("period:Q", title="Period in tokens", format=",.3~f"),
        alt.Tooltip("amplitude:Q", title="Amplitude", format=".3f"),
        alt.Tooltip("share:Q", title="Share of all amplitudes", format=".0%"),
        alt.Tooltip("usual:Q", title="Usual in random pairs", format=".3f"),
    ]
    stems = alt.Chart().mark_rule(color=color, strokeWidth=1.8).encode(x=x, y=y, y2=alt.datum(0))
    ticks = alt.Chart().mark_tick(color=BASELINE, thickness=3, size=12, orient="horizontal")
    dots = alt.Chart().mark_point(color=color, filled=True, size=45, opacity=1)
    parts = [
        stems,
        ticks.encode(x=x, y=alt.Y("usual:Q", title=title)),
        dots.encode(x=x, y=y, tooltip=tooltip),
    ]
    what = "the amplitudes of the waves that Tᵉᵉ of a pair is made of, with ticks for what is usual"
    return one_or_panels(table, parts, "Stems by period", f"{what} in random pairs", height=260)
