"""The charts of the overview: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.parts import at, map_of, token_axes, token_j


def score_map(
    table: pd.DataFrame,
    title: str,
    dark: bool = False,
    *,
    seen: str = "past",
    framed: tuple[int, int] | None = None,
) -> alt.LayerChart:
    """The token × token map of one term or the sum, on a scale of its own; one cell is `framed`.

    A click chooses a cell, of the parameter "cell".

    Columns: i, j, current and past (labels), value (scaled) and centred (less its mean over the
    row), which gives the colour. `seen` is what tokens j are.
    """
    x, y = token_axes(table, seen)
    for own in (x, y):  # in a short text a token needs no number
        own["axis"]["labelExpr"] = "replace(datum.label, regexp('^[0-9]+ '), '')"
    x, y = x.title(None), y.title(None)
    color = palette.around_zero(table["centred"], dark, "Scaled, less its row's mean")
    color = color.legend(orient="bottom", gradientLength=200, titleLimit=300)
    tooltip = [
        alt.Tooltip("current:N", title="Current token i"),
        alt.Tooltip("past:N", title=token_j(seen)),
        alt.Tooltip("value:Q", title="Scaled", format=".2f"),
        alt.Tooltip("centred:Q", title="Less its row's mean", format=".2f"),
    ]
    drawn = map_of(table, ("i", "j"), dark, at(framed), x=x, y=y, color=color, tooltip=tooltip)
    return drawn.properties(
        height=370,
        title=alt.TitleParams(title, anchor="start"),
        description=f"Map of {title}: rows are current tokens i, columns {seen} tokens j, colour "
        "is the value less its row's mean.",
    )


def emergence(table: pd.DataFrame, column: str, title: str, number_format: str) -> alt.Chart:
    """One line a head over training, log-scaled in the tokens seen.

    Columns: tokens (seen in training), head, held_out_loss, and the measure named by `column`.
    """
    return (
        alt.Chart(table[table["tokens"] > 0])  # a log scale has no place for the untrained model
        .mark_line(point=alt.OverlayMarkDef(size=28))
        .encode(
            x=alt.X(
                "tokens:Q",
                title="Tokens seen (log scale)",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~s", tickCount=6, grid=False),
            ),
            y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=number_format)).scale(
                zero=False
            ),
            color=palette.heads(table["head"]),
            tooltip=[
                alt.Tooltip("head:N", title="Head"),
                alt.Tooltip("tokens:Q", title="Tokens seen", format=",.0f"),
                alt.Tooltip(f"{column}:Q", title=title, format=number_format),
                alt.Tooltip(
                    "held_out_loss:Q", title="Held-out loss (nats per token)", format=".2f"
                ),
            ],
        )
        .properties(description=f"Lines, one for each head: {title} over training.", height=340)
    )
