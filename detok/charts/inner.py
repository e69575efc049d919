"""The charts of the inner vocabulary: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts.palette import BASELINE, CONTRAST, MAIN
from detok.charts.parts import layer, log_ranks


def ranks(table: pd.DataFrame, chance: float) -> alt.LayerChart:
    """Ranks of tokens at the last piece of a word, by layer. Columns: layer, token, rank."""
    lines = _lines(
        table,
        log_ranks(table["rank"], "Rank (log scale)", chance),
        "token",
        [
            alt.Tooltip("token:N", title="Token"),
            alt.Tooltip("layer:Q", title="Layers passed"),
            alt.Tooltip("rank:Q", title="Rank", format=","),
        ],
    )
    rule = alt.Chart(pd.DataFrame({"chance": [chance], "text": ["chance"]})).encode(y="chance:Q")
    return layer(
        rule.mark_rule(color=BASELINE, strokeDash=[5, 4]),
        rule.mark_text(x="width", align="right", dy=-6, color=BASELINE).encode(text="text:N"),
        lines,
    ).properties(
        description="Lines: the ranks of the token that follows and of the word as one token, at "
        "the word's last piece, through the layers.",
        height=300,
    )


def cosines(table: pd.DataFrame) -> alt.Chart:
    """Cosines of states at the last piece of a word, by layer. Columns: layer, state, cosine."""
    return _lines(
        table,
        alt.Y("cosine:Q", title="Cosine"),
        "state",
        [
            alt.Tooltip("state:N", title="To the state of"),
            alt.Tooltip("layer:Q", title="Layers passed"),
            alt.Tooltip("cosine:Q", title="Cosine", format=".3f"),
        ],
    ).properties(
        description="Lines: the cosine of the state at the word's last piece to that of the word "
        "as one token, and to the states of other positions, through the layers.",
        height=300,
    )


def _lines(table: pd.DataFrame, y: alt.Y, series: str, tooltip: list[alt.Tooltip]) -> alt.Chart:
    """A line with dots for each of the series."""
    names = table[series].unique().tolist()
    x = alt.X(
        "layer:Q",
        title="Layers passed",
        scale=alt.Scale(nice=False),
        axis=alt.Axis(tickMinStep=1, format="d"),
    )
    color = alt.Color(
        f"{series}:N",
        title=None,
        scale=alt.Scale(domain=names, range=[MAIN, CONTRAST][: len(names)]),
        legend=alt.Legend(orient="top", labelLimit=300, columns=1),
    )
    return alt.Chart(table).mark_line(point=True).encode(x=x, y=y, color=color, tooltip=tooltip)
