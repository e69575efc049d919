"""The charts of token affinity: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts.palette import KNOWN, ON_DARK, ON_LIGHT, UNKNOWN, around_zero
from detok.charts.parts import (
    bare_axes,
    by_head,
    capitalized,
    clicked,
    layer,
    panels,
    token_j,
    yes_or_no,
)

# With more tokens than these, a map of 520 or 172 pixels has no place for their names.
NAMED, NAMED_IN_PANELS = 40, 12


def bars(table: pd.DataFrame, score: str = "Tᵉᵉ") -> alt.Chart | alt.FacetChart:
    """Horizontal bars of the best tokens; one panel a head if there are several.

    `score` is what the scores are.

    Columns: head, rank, token_id, label, shown, joined_shown, score, and with counts also count and
    known. A click on a bar selects its head and token_id as `cell`.
    """
    several = table["head"].nunique() > 1
    tooltip = [
        alt.Tooltip("head:O", title="Head"),
        alt.Tooltip("rank:O", title="Rank"),
        alt.Tooltip("shown:N", title="Token"),
        alt.Tooltip("joined_shown:N", title="Joined"),
        alt.Tooltip("score:Q", title=capitalized(score), format=".2f"),
    ]
    color: alt.Color | dict = alt.value(UNKNOWN)
    if "known" in table:
        tooltip.append(alt.Tooltip("count:Q", title="Times seen", format=","))
        color = alt.Color(
            "known:N",
            title="Pair occurs in the counts",
            scale=alt.Scale(domain=[True, False], range=[KNOWN, UNKNOWN]),
            legend=yes_or_no(),
        )
    drawn = (
        alt.Chart(table)
        .mark_bar(cursor="pointer")
        .encode(
            y=alt.Y(
                "label:N",
                sort=alt.SortField("rank"),
                title=None if several else "Rank and token",
                axis=alt.Axis(
                    labelLimit=84 if several else 160, labelOverlap=False, labelFlush=False
                ),
            ),
            x=alt.X(
                "score:Q", title=f"{capitalized(score)} (unscaled)", axis=alt.Axis(tickCount=4)
            ),
            color=color,
            tooltip=tooltip,
        )
        .add_params(clicked("head", "token_id"))
    )
    if not several:
        return drawn.properties(
            description=f"Bars: {score} of the best tokens of one head, by rank.",
            height=alt.Step(19),
        )
    figure = panels(drawn, 104, alt.Step(17)).resolve_scale(y="independent")
    return figure.properties(
        description=f"Bars in a panel for each head: {score} of its best tokens, by rank."
    )


def piece_ranks(table: pd.DataFrame, vocab_size: int) -> alt.LayerChart:
    """Heads × adjacent pieces; colour is the rank of the true previous piece, on a log scale.

    Columns: head, position (of the current piece), token_id_i, pair (shown), rank. The scale always
    spans all `vocab_size` ranks, so that two words can be compared. A click on a cell selects its
    head and token_id_i as `cell`.
    """
    base = alt.Chart(table).encode(
        x=by_head(),
        y=alt.Y(
            "pair:N",
            sort=alt.SortField("position"),
            title="Previous piece + current piece",
            axis=alt.Axis(labelLimit=200, labelFlush=False),
        ),
    )
    cells = (
        base.mark_rect(cursor="pointer")
        .encode(
            color=alt.Color(
                "rank:Q",
                title="Rank",
                scale=alt.Scale(type="log", domain=[1, vocab_size], scheme="viridis", reverse=True),
                legend=alt.Legend(format=",", orient="top", gradientLength=200),
            ),
            tooltip=[
                alt.Tooltip("pair:N", title="Pieces"),
                alt.Tooltip("head:O", title="Head"),
                alt.Tooltip("rank:Q", title="Rank of the true previous piece", format=","),
            ],
        )
        .add_params(clicked("head", "token_id_i"))
    )
    bright = alt.datum.rank <= vocab_size**0.5
    labels = base.mark_text(fontSize=11).encode(
        text=alt.Text("rank:Q", format=","),
        color=alt.condition(bright, alt.value(ON_LIGHT), alt.value(ON_DARK)),
    )
    return layer(cells, labels).properties(
        description="Map of ranks: a row for each two neighbouring pieces of a word, a column "
        "for each head; the number is the rank of the true previous piece.",
        height=alt.Step(26),
    )


def pairs(
    table: pd.DataFrame, dark: bool = False, seen: str = "past", score: str = "Tᵉᵉ"
) -> alt.Chart | alt.FacetChart:
    """Token × token heat map of Tᵉᵉ, diverging around 0; one panel a head if there are several.

    `score` is what the scores are.

    Columns: head, row and column (numbers), token_id_i, current and past (shown), score. A click on
    a cell selects its head and token_id_i as `cell`.
    """
    several = table["head"].nunique() > 1
    names = table.drop_duplicates("row").sort_values("row")["current"].tolist()
    n_named = NAMED_IN_PANELS if several else NAMED
    x, y = bare_axes(seen, "column", "row", names if len(names) <= n_named else [])
    chart = (
        alt.Chart(table)
        .mark_rect(cursor="pointer")
        .encode(
            x=x,
            y=y,
            color=around_zero(table["score"], dark, capitalized(score)),
            tooltip=[
                alt.Tooltip("current:N", title="Current token i"),
                alt.Tooltip("past:N", title=token_j(seen)),
                alt.Tooltip("head:O", title="Head"),
                alt.Tooltip("score:Q", title=capitalized(score), format=".2f"),
            ],
        )
        .add_params(clicked("head", "token_id_i"))
    )
    figure = panels(chart, 172, 172) if several else chart.properties(width=520, height=520)
    where = "Maps, one for each head" if several else "Map of one head"
    return figure.properties(
        description=f"{where}: rows are current tokens i, columns {seen} tokens j, colour is the "
        f"{score} of the two."
    )
