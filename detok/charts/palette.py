"""Colours by what they mean, the same on every page, and the scales of values."""

import altair as alt
import pandas as pd

# Three to one at least against both themes' backgrounds, and well apart from each other for the
# colour-blind of every kind: the tests compute both.
TERM_COLORS = {
    "ee": "#bb3a1f",
    "pp": "#2b6f85",
    "ep": "#f05bbd",
    "pe": "#c58706",
    "e": "#0baa57",
    "p": "#6c89fc",
}
# The same hues for letters, 4.5 to one at least, in the light and the dark theme.
_TERM_INKS = {
    False: {
        "ee": "#bb3a1f",
        "pp": "#2b6f85",
        "ep": "#be4895",
        "pe": "#9c6b05",
        "e": "#098645",
        "p": "#576fcc",
    },
    True: {
        "ee": "#c9634e",
        "pp": "#538899",
        "ep": "#f05bbd",
        "pe": "#c58706",
        "e": "#0baa57",
        "p": "#6c89fc",
    },
}
_NEUTRAL_INK = {False: "#566070", True: "#a5afbf"}
# Three to one at least against both themes' backgrounds; of more heads some share one.
HEAD_COLORS = [
    *("#3b76c4", "#d9733a", "#2a9d8f", "#d1495b", "#8a63c9", "#a8851d"),
    *("#4a9a3a", "#d94fa6", "#7a6a5a", "#1f94c9", "#b0632a", "#6d7fa8"),
]
# Of the parts that two maps or bars show of ee.
PART_COLORS = {**TERM_COLORS, **dict.fromkeys(["ee_shared", "ee_specific"], TERM_COLORS["ee"])}
_BLUE, _TEAL, _ORANGE, _RED, _GREY = "#3b76c4", "#2a9d8f", "#e07a3f", "#d1495b", "#8d99ae"
_BLUES = ["#9ecae1", "#6baed6", "#4292c6", "#2171b5"]
_BLACK, _WHITE = "#1b1f27", "#ffffff"

MAIN = _BLUE  # what a chart is of, where nothing else gives the colour
CHOSEN = KNOWN = LARGEST = _TEAL
INTERVAL = MEASURED = OUTLIER = SMALLEST = TREND = _ORANGE
CONTRAST = _ORANGE  # the other of two, beside MAIN
# What a value is to be seen against: chance, the current position, the middle half, zero.
BASELINE = _GREY
NEUTRAL = _GREY  # a whole of all terms, which has the colour of none
UNKNOWN = _GREY
DROPPED = _RED  # attention without the dropped terms
# The last of a few rows, and those before it.
LAST, BEFORE_LAST = _ORANGE, _BLUES
# Letters on the colour of a value, dark for light ones.
ON_LIGHT, ON_DARK = _BLACK, _WHITE
FRAME = {False: "#111111", True: _WHITE}  # around a chosen cell, in the light and the dark theme
# Labels and titles of axes and legends: 4.5 to one at least, unlike Streamlit's own in light.
LETTERS = {False: "#575451", True: "#c9c6c2"}
# Anchors of a scale for both themes: zero is the colour of the page's background.
NEGATIVE, _POSITIVE = _BLUE, _RED
_ZERO = {False: "#f7f7f7", True: "#1d1c1a"}


def ink(part: str, dark: bool) -> str:
    """The colour of letters about a term or a part of ee, or about a whole of all terms."""
    return _TERM_INKS[dark].get(part.partition("_")[0], _NEUTRAL_INK[dark])


def head_color(head: int) -> str:
    """The colour of a head, the same in both themes and all charts."""
    return HEAD_COLORS[head % len(HEAD_COLORS)]


def heads(numbers: pd.Series) -> alt.Color:
    """The colour of the column `head`."""
    domain = sorted(numbers.unique().tolist())
    scale = alt.Scale(domain=domain, range=[head_color(head) for head in domain])
    return alt.Color(
        "head:N", title="Head", scale=scale, legend=alt.Legend(orient="top", columns=4)
    )


def terms(title: str | None = "Term") -> alt.Color:
    """The colour of the column `term`, in the order of TERMS."""
    scale = alt.Scale(domain=list(TERM_COLORS), range=list(TERM_COLORS.values()))
    return alt.Color("term:N", title=title, scale=scale, legend=alt.Legend(orient="top"))


def around_zero(values: pd.Series, dark: bool, title: str) -> alt.Color:
    """A scale around zero for a column with negative and positive values."""
    return diverging(str(values.name), both_sides(values), dark, title)


def both_sides(values: pd.Series) -> list[float]:
    """The domain of a scale around zero."""
    limit = float(values.abs().max()) or 1.0
    return [-limit, 0, limit]


def diverging(column: str, anchors: list[float], dark: bool, title: str) -> alt.Color:
    """A scale between three anchors, the middle one in the colour of the page's background.

    What lies outside has the colour of the nearest end.
    """
    colors = [NEGATIVE, _ZERO[dark], _POSITIVE]
    scale = alt.Scale(domain=anchors, range=colors, interpolate="rgb", clamp=True)
    legend = alt.Legend(orient="top", gradientLength=200, titleLimit=300)
    return alt.Color(f"{column}:Q", title=title, scale=scale, legend=legend)


def ranks(column: str, last: float, dark: bool, title: str, end: str = "chance") -> alt.Color:
    """A log scale of ranks from 1 to the last, called `end`, of the page's background."""
    least = max(last, 1.5)  # a scale needs two ends
    powers = [10**n for n in range(10) if 10**n < least / 4]
    scale = alt.Scale(
        type="log",
        domain=[1, least],
        range=[_POSITIVE, _ZERO[dark]],
        interpolate="rgb",
        clamp=True,
        nice=False,
    )
    legend = alt.Legend(
        orient="top",
        gradientLength=220,
        values=[*(powers or [1]), least],
        labelExpr=f"datum.value < {least / 2} ? format(datum.value, ',') : '{end}'",
        labelOverlap=False,
        titleLimit=300,
    )
    return alt.Color(f"{column}:Q", title=title, scale=scale, legend=legend)


def sequential(column: str, largest: float, dark: bool, title: str) -> alt.Color:
    """A scale from zero, which has the colour of the page's background."""
    scale = alt.Scale(
        domain=[0, largest or 1.0],
        range=[_ZERO[dark], _POSITIVE],
        interpolate="rgb",
        clamp=True,
    )
    legend = alt.Legend(orient="top", gradientLength=200, format="~%", titleLimit=300)
    return alt.Color(f"{column}:Q", title=title, scale=scale, legend=legend)
