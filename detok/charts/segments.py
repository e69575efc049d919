"""The charts of attention under a mask by segments: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, MAIN
from detok.charts.parts import map_size, token_axes, token_j

SEEN = "attended"  # tokens j, which may come after i
NAMES = {"causal": "Causal", "segments": "By segments", "difference": "Difference"}


def attention(table: pd.DataFrame, dark: bool = False) -> alt.FacetChart:
    """Three token × token maps of one head's attention: both masks, and what a pair gains.

    Columns: i, j, current and past (labels), map (a key of NAMES), weight.
    """
    x, y = token_axes(table, SEEN)
    size = map_size(table, 12, 120)
    cells = (
        alt.Chart(table)
        .mark_rect()
        .encode(
            x=x,
            y=y,
            color=palette.diverging("weight", ends(table), dark, "Attention weight, or its gain"),
            tooltip=[
                alt.Tooltip("current:N", title="Current token i"),
                alt.Tooltip("past:N", title=token_j(SEEN)),
                alt.Tooltip("map:N", title="Mask"),
                alt.Tooltip("weight:Q", title="Weight", format=".3f"),
            ],
        )
    )
    header = alt.Header(labelExpr=f"({NAMES!r})[datum.value]", labelFontWeight="bold")
    facet = alt.Facet("map:N", title=None, sort=list(NAMES), header=header)
    return (
        cells.properties(width=size, height=size)
        .facet(facet, columns=3 if size < 280 else 2)
        .properties(
            description="Maps of one head's attention under the causal mask, under the mask by "
            "segments, and of the difference: rows are current tokens i, columns attended "
            "tokens j."
        )
    )


def ends(table: pd.DataFrame) -> list[float]:
    """The domain of the colours: to the largest value of all rows but 0, which has one causal cell.

    Of a table that has row 0 only, that of row 0.
    """
    others = table[table["i"] > 0]
    return palette.both_sides((table if others.empty else others)["weight"])


def next_tokens(table: pd.DataFrame) -> alt.Chart:
    """Two bars of probability for each token that may follow, one a mask.

    Columns: token (label), mask ("causal" or "segments"), probability, rank; in their order.
    """
    names = {name: NAMES[name] for name in ("causal", "segments")}
    color = alt.Color(
        "mask:N",
        title="Mask",
        scale=alt.Scale(domain=list(names), range=[BASELINE, MAIN]),
        legend=alt.Legend(orient="top", labelExpr=f"({names!r})[datum.value]"),
    )
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            y=alt.Y(
                "token:N",
                sort=table["token"].drop_duplicates().tolist(),
                title="Token after the text",
                axis=alt.Axis(labelFlush=False),
            ),
            yOffset=alt.YOffset("mask:N", sort=list(names)),
            x=alt.X("probability:Q", title="Probability"),
            color=color,
            tooltip=[
                alt.Tooltip("token:N", title="Token"),
                alt.Tooltip("mask:N", title="Mask"),
                alt.Tooltip("probability:Q", title="Probability", format=".3g"),
                alt.Tooltip("rank:Q", title="Rank", format=","),
            ],
        )
        .properties(
            description="Bars: the probability of each of the most probable tokens after the "
            "text, under the causal mask and under the mask by segments.",
            height=alt.Step(12),
        )
    )
