"""The charts of the positional bias page: a DataFrame in, an Altair chart out.

All take one head or several; several become small multiples.
"""

import altair as alt
import pandas as pd

from detok.charts.palette import BASELINE, LARGEST, MAIN, MEASURED, SMALLEST, TERM_COLORS
from detok.charts.parts import one_or_panels

_X = "Position j"
# Positions of a curve that a tooltip tells of: each is more work for a browser than its lines.
MAX_POINTS = 256


def self_assertion(table: pd.DataFrame, i: int) -> alt.Chart | alt.FacetChart:
    """Tᵖ over j with its bands. Columns: head, j, p, and with LayerNorm p_low … p_max."""
    layers = []
    tooltip = [_j(), alt.Tooltip("p:Q", title="Tᵖ", format=".3f")]
    if "p_low" in table:
        tooltip += _band_tooltip("p")
        layers += _bands("p")
    line = _line("p", "Tᵖ (unscaled)", color=TERM_COLORS["p"])
    layers += [line, _points(table, "p", tooltip)]
    return _panels(table, layers, i, "Tᵖ")


def comparison(table: pd.DataFrame, i: int) -> alt.Chart | alt.FacetChart:
    """Tᵖᵖ over j at three σ_i, with its bands at the mean one.

    Columns: head, j, pp, and with LayerNorm pp_low … pp_max, pp_sigma_min and pp_sigma_max.
    """
    title = "Tᵖᵖ (unscaled)"
    tooltip = [_j(), alt.Tooltip("pp:Q", title="Tᵖᵖ", format=".3f")]
    if "pp_sigma_min" not in table:
        line = _line("pp", title, color=TERM_COLORS["pp"])
        return _panels(table, [line, _points(table, "pp", tooltip)], i, "Tᵖᵖ")
    tooltip += [
        *_band_tooltip("pp"),
        alt.Tooltip("pp_sigma_min:Q", title="at the smallest σ_i", format=".3f"),
        alt.Tooltip("pp_sigma_max:Q", title="at the largest σ_i", format=".3f"),
    ]
    named = {"pp": "mean", "pp_sigma_min": "smallest", "pp_sigma_max": "largest"}
    color = _legend("σ_i", list(named.values()), [TERM_COLORS["pp"], SMALLEST, LARGEST])
    lines = [_named(_line(c, title), name, color) for c, name in named.items()]
    what = "Tᵖᵖ at three σ_i"
    return _panels(table, [*_bands("pp"), *lines, _points(table, "pp", tooltip)], i, what)


def total(table: pd.DataFrame, i: int) -> alt.Chart | alt.FacetChart:
    """Tᵖ + Tᵖᵖ over j. Columns: head, j, p, pp, total."""
    tooltip = [
        _j(),
        alt.Tooltip("total:Q", title="Tᵖ + Tᵖᵖ", format=".3f"),
        alt.Tooltip("p:Q", title="Tᵖ", format=".3f"),
        alt.Tooltip("pp:Q", title="Tᵖᵖ", format=".3f"),
    ]
    layers = [_line("total", "Tᵖ + Tᵖᵖ (unscaled)"), _points(table, "total", tooltip)]
    return _panels(table, layers, i, "the sum of Tᵖ and Tᵖᵖ")


def attention(table: pd.DataFrame, i: int, *, points: bool = False) -> alt.Chart | alt.FacetChart:
    """Attention of i by position alone, and measured with its band, over j; `points` marks each j.

    Columns: head, j, expected, and with texts mean, low, high.
    """
    title = "Attention weight"
    tooltip = [_j(), alt.Tooltip("expected:Q", title="By position alone", format=".2%")]
    layers = []
    names = ["by position alone"]
    if "mean" in table:
        names.append("measured, mean over texts")
        tooltip += [
            alt.Tooltip("mean:Q", title="Measured, mean", format=".2%"),
            alt.Tooltip("low:Q", title="− 1 std over texts", format=".2%"),
            alt.Tooltip("high:Q", title="+ 1 std over texts", format=".2%"),
        ]
        layers.append(_band("low", "high", MEASURED, 0.25))
    color = _legend("Attention", names, [MAIN, MEASURED], columns=1)  # for a phone
    for column, name in zip(["expected", "mean"], names, strict=False):
        line = _line(column, title, alt.Axis(format="~%"))
        layers.append(_named(line, name, color))
        if points:
            layers.append(_named(_points(table, column, tooltip, 0.9), name, color))
    what = f"the attention of position i, {' and '.join(names)}"
    return _panels(table, [*layers, _points(table, "expected", tooltip)], i, what)


def _j() -> alt.Tooltip:
    return alt.Tooltip("j:Q", title=_X)


def _x() -> alt.X:
    return alt.X("j:Q", title=_X, scale=alt.Scale(nice=False, zero=False))


def _line(column: str, title: str, axis: alt.Axis | None = None, color: str = MAIN) -> alt.Chart:
    y = alt.Y(f"{column}:Q", title=title, axis=axis or alt.Axis(), scale=alt.Scale(zero=False))
    return alt.Chart().mark_line(color=color, strokeWidth=1.8).encode(x=_x(), y=y)


def _band(low: str, high: str, color: str, opacity: float) -> alt.Chart:
    area = alt.Chart().mark_area(color=color, opacity=opacity)
    return area.encode(x=_x(), y=alt.Y(f"{low}:Q"), y2=alt.Y2(f"{high}:Q"))


def _bands(term: str) -> list[alt.Chart]:
    """The spread of a term over the tokens at j, within its range over them."""
    color = TERM_COLORS[term]
    return [
        _band(f"{term}_min", f"{term}_max", color, 0.15),
        _band(f"{term}_low", f"{term}_high", color, 0.3),
    ]


def _band_tooltip(term: str) -> list[alt.Tooltip]:
    titles = {
        "low": "− 1 std over tokens at j",
        "high": "+ 1 std over tokens at j",
        "min": "Smallest over tokens at j",
        "max": "Largest over tokens at j",
    }
    return [
        alt.Tooltip(f"{term}_{end}:Q", title=title, format=".3f") for end, title in titles.items()
    ]


def _points(
    table: pd.DataFrame, column: str, tooltip: list[alt.Tooltip], opacity: float = 0.0
) -> alt.Chart:
    """Points that carry the tooltip: that of a line tells only of its first point."""
    size, step = 30 if opacity else 60, -(-table["j"].nunique() // MAX_POINTS)
    points = alt.Chart().mark_point(filled=True, size=size, opacity=opacity, color=MAIN)
    points = points.transform_filter(f"datum.j % {step} == 0") if step > 1 else points
    return points.encode(x=_x(), y=alt.Y(f"{column}:Q"), tooltip=tooltip)


def _named(chart: alt.Chart, name: str, color: alt.Color) -> alt.Chart:
    """A layer as one series of a legend."""
    return chart.transform_calculate(series=f"'{name}'").encode(color=color)


def _legend(title: str, names: list[str], colors: list[str], columns: int = 0) -> alt.Color:
    """That of the series; 0 columns are one for each name."""
    scale = alt.Scale(domain=names, range=colors[: len(names)])
    legend = alt.Legend(orient="top", columns=columns)
    return alt.Color("series:N", title=title, scale=scale, legend=legend)


def _panels(
    table: pd.DataFrame, layers: list[alt.Chart], i: int, what: str
) -> alt.Chart | alt.FacetChart:
    """The layers over a rule at the current position; one panel a head if there are several.

    The layers themselves have no data, which Altair would copy and compare for each of them.
    """
    current = (
        alt.Chart()
        .transform_filter(alt.datum.j == i)
        .mark_rule(color=BASELINE, strokeDash=[4, 3])
        .encode(x=_x(), tooltip=[alt.Tooltip("j:Q", title="Current position i")])
    )
    return one_or_panels(table, [current, *layers], "Lines over position j", what)
