"""Colours that mean the same on every page: the six terms, and values on both sides of zero."""

import altair as alt
import pandas as pd

# Three to one at least against both themes' backgrounds, and well apart from each other for the
# colour-blind of every kind: the tests compute both.
TERM_COLORS = {
    "ee": "#bb3a1f",
    "pp": "#286a7f",
    "ep": "#f05bbd",
    "pe": "#c58706",
    "e": "#0baa57",
    "p": "#6c89fc",
}
NEUTRAL = "#8d99ae"
# Anchors of a diverging scale for both themes: zero is the colour of the page's background.
_NEGATIVE, _POSITIVE = "#3b76c4", "#d1495b"
_ZERO = {False: "#f7f7f7", True: "#1d1c1a"}


def terms(title: str | None = "Term") -> alt.Color:
    """The colour of the column `term`, in the order of TERMS."""
    scale = alt.Scale(domain=list(TERM_COLORS), range=list(TERM_COLORS.values()))
    return alt.Color("term:N", title=title, scale=scale, legend=alt.Legend(orient="top"))


def diverging(values: pd.Series, dark: bool, title: str) -> alt.Color:
    """A scale around zero for a column with negative and positive values."""
    limit = float(values.abs().max()) or 1.0
    colors = [_NEGATIVE, _ZERO[dark], _POSITIVE]
    scale = alt.Scale(domain=[-limit, 0, limit], range=colors, interpolate="rgb")
    legend = alt.Legend(orient="top", gradientLength=200, titleLimit=300)
    return alt.Color(f"{values.name}:Q", title=title, scale=scale, legend=legend)


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
