"""The charts of two heads side by side: a DataFrame in, an Altair chart out."""

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, CONTRAST, MAIN, UNKNOWN
from detok.charts.parts import map_size, token_axes, token_j

# The one side and the other wherever both are in one chart.
_SIDES = {"left": MAIN, "right": CONTRAST}
_TITLES = {"attention": "Attention weight", "rank": "Rank in the row"}
_FORMATS = {"attention": ".3f", "rank": ".0f"}
_CHOSEN = {"left": MAIN, "right": CONTRAST, "both": palette.LARGEST, "neither": UNKNOWN}


def side(
    table: pd.DataFrame,
    column: str,
    what: str,
    largest: float,
    dark: bool = False,
    chosen: tuple[int, int] | None = None,
    seen: str = "past",
) -> alt.LayerChart:
    """The token × token map of one side, on a scale that ends at `largest` for both.

    A click on a cell selects its i and j as `cell`; `chosen` (i, j) is framed.

    Columns: i, j, current and past (labels), and `column`, "left" or "right"; others of these and
    difference are said in the tooltips. `what` is what is shown: attention, rank, or a scaled term.
    `seen` is what tokens j are.
    """
    title = _TITLES.get(what, "Scaled, less its row's mean")
    if what == "attention":
        color = palette.sequential(column, largest, dark, title)
    elif what == "rank":
        color = alt.Color(
            f"{column}:Q",
            title=title,
            scale=alt.Scale(
                type="log", domain=[1, max(2.0, largest)], scheme="viridis", reverse=True
            ),
            legend=alt.Legend(orient="top", gradientLength=200, format=",.0f"),
        )
    else:
        limit = largest or 1.0
        color = palette.diverging(column, [-limit, 0, limit], dark, title)
    return _map(table, color, what, dark, chosen, seen)


def difference(
    table: pd.DataFrame,
    what: str,
    dark: bool = False,
    chosen: tuple[int, int] | None = None,
    seen: str = "past",
) -> alt.LayerChart:
    """The token × token map of right less left, around zero. As `side` otherwise."""
    color = palette.around_zero(table["difference"], dark, "Right less left")
    return _map(table, color, what, dark, chosen, seen)


def _map(
    table: pd.DataFrame,
    color: alt.Color,
    what: str,
    dark: bool,
    chosen: tuple[int, int] | None,
    seen: str,
) -> alt.LayerChart:
    x, y = token_axes(table, seen)
    cell = alt.selection_point(name="cell", fields=["i", "j"], empty=False)
    number = _FORMATS.get(what, ".2f")
    named = {"left": "Left", "right": "Right"}
    tooltip = [
        alt.Tooltip("current:N", title="Current token i"),
        alt.Tooltip("past:N", title=token_j(seen)),
        *(
            alt.Tooltip(f"{name}:Q", title=title, format=number)
            for name, title in named.items()
            if name in table
        ),
    ]
    if "difference" in table:
        tooltip.append(alt.Tooltip("difference:Q", title="Right less left", format=f"+{number}"))
    cells = (
        alt.Chart()
        .mark_rect(cursor="pointer")
        .encode(x=x, y=y, color=color, tooltip=tooltip)
        .add_params(cell)
    )
    i, j = chosen or (-1, -1)
    frame = (
        alt.Chart()
        .transform_filter((alt.datum.i == i) & (alt.datum.j == j))
        .mark_rect(filled=False, stroke=palette.FRAME[dark], strokeWidth=2)
        .encode(x=x, y=y)
    )
    height = map_size(table, 17, 190) + 185
    return alt.layer(cells, frame, data=table).properties(height=height)


def row(table: pd.DataFrame, seen: str = "past") -> alt.Chart:
    """The attention of one row in both heads. Columns: j, past (label), side, weight."""
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            y=alt.Y("past:N", sort=alt.SortField("j"), title=token_j(seen)),
            yOffset=alt.YOffset("side:N", sort=list(_SIDES)),
            x=alt.X("weight:Q", title="Attention weight", axis=alt.Axis(format="~%")),
            color=_by_side("side", _SIDES, "Head"),
            tooltip=[
                alt.Tooltip("past:N", title=token_j(seen)),
                alt.Tooltip("side:N", title="Head"),
                alt.Tooltip("weight:Q", title="Weight", format=".3f"),
            ],
        )
        .properties(height=alt.Step(12))
    )


def ranks(table: pd.DataFrame, most: int) -> alt.LayerChart:
    """A point a token at its ranks in both heads, on log scales to `most`.

    Columns: shown, left, right (ranks), where ("both", "left" or "right").
    """
    scale = alt.Scale(type="log", domain=[1, max(2, most)], nice=False)
    axis = alt.Axis(format="~s", tickCount=5)
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=70, opacity=0.85)
        .encode(
            x=alt.X("left:Q", title="Rank in the left head (log scale)", scale=scale, axis=axis),
            y=alt.Y(
                "right:Q",
                title="Rank in the right head (log scale)",
                scale=alt.Scale(type="log", domain=[1, max(2, most)], nice=False, reverse=True),
                axis=axis,
            ),
            color=_by_side(
                "where", {k: _CHOSEN[k] for k in ("both", "left", "right")}, "In the list of"
            ),
            tooltip=[
                alt.Tooltip("shown:N", title="Token"),
                alt.Tooltip("left:Q", title="Rank in the left head", format=",.0f"),
                alt.Tooltip("right:Q", title="Rank in the right head", format=",.0f"),
            ],
        )
    )
    ends = pd.DataFrame({"left": [1, max(2, most)], "right": [1, max(2, most)]})
    equal = (
        alt.Chart(ends).mark_line(color=BASELINE, strokeDash=[4, 4]).encode(x="left:Q", y="right:Q")
    )
    return alt.layer(equal, points).properties(height=340)


def heads(table: pd.DataFrame, measure: str, *, log: bool = False) -> alt.LayerChart:
    """The heads of both models on one axis by a measure, each with its number.

    Columns: model, head, value, chosen ("left", "right", "both" or "neither").
    """
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    base = alt.Chart(table).encode(
        x=alt.X("value:Q", title=measure, scale=scale, axis=alt.Axis(format="~g", tickCount=6)),
        y=alt.Y("model:N", title=None, axis=alt.Axis(labelLimit=120)),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("head:O", title="Head"),
            alt.Tooltip("value:Q", title=measure, format=".4g"),
            alt.Tooltip("chosen:N", title="Chosen"),
        ],
    )
    color = _by_side("chosen", _CHOSEN, "Chosen")
    marks = base.mark_tick(thickness=3, size=26).encode(color=color)
    numbers = base.mark_text(dy=-22, fontSize=12).encode(text="head:O", color=color)
    return (marks + numbers).properties(height=alt.Step(64))


def _by_side(column: str, colors: dict[str, str], title: str) -> alt.Color:
    return alt.Color(
        f"{column}:N",
        title=title,
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend(orient="top", columns=2),
    )
