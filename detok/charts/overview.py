"""The charts of the overview: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette


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
                axis=alt.Axis(format="~s", tickCount=6),
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
        .properties(description=f"Lines, one for each head: {title} over training.", height=280)
    )
