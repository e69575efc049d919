"""The charts of two heads side by side: a DataFrame in, an Altair chart out."""

import json

import altair as alt
import pandas as pd

from detok.charts import palette
from detok.charts.palette import BASELINE, CONTRAST, MAIN, UNKNOWN
from detok.charts.parts import at, in_pairs, layer, map_of, map_size, token_axes, token_j

LEGEND = 150  # pixels; three maps lie beside each other
# The one side and the other wherever both are in one chart.
_SIDES = {"left": MAIN, "right": CONTRAST}
_TITLES = {"attention": "Attention weight", "rank": "Rank in the row"}
_DESCRIBED = {"attention": "the attention weight", "rank": "the rank of j in its row"}
_SCORE = "the scaled score less its row's mean"
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
            legend=alt.Legend(orient="top", format=",.0f"),
        )
    else:
        limit = largest or 1.0
        color = palette.diverging(column, [-limit, 0, limit], dark, title)
    return _map(table, color, what, dark, chosen, seen).properties(
        description=f"Map of the {column} head: rows are current tokens i, columns {seen} tokens "
        f"j, colour is {_DESCRIBED.get(what, _SCORE)}."
    )


def difference(
    table: pd.DataFrame,
    what: str,
    dark: bool = False,
    chosen: tuple[int, int] | None = None,
    seen: str = "past",
) -> alt.LayerChart:
    """The token × token map of right less left, around zero. As `side` otherwise."""
    color = palette.around_zero(table["difference"], dark, "Right less left")
    return _map(table, color, what, dark, chosen, seen).properties(
        description=f"Map of what the right head has less what the left one has: rows are current "
        f"tokens i, columns {seen} tokens j, colour is the difference of "
        f"{_DESCRIBED.get(what, _SCORE)}."
    )


def _map(
    table: pd.DataFrame,
    color: alt.Color,
    what: str,
    dark: bool,
    chosen: tuple[int, int] | None,
    seen: str,
) -> alt.LayerChart:
    color["legend"]["gradientLength"] = LEGEND
    x, y = token_axes(table, seen)
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
    drawn = map_of(table, ("i", "j"), dark, at(chosen), x=x, y=y, color=color, tooltip=tooltip)
    return drawn.properties(height=map_size(table, 17, 190) + 185)


def row(table: pd.DataFrame, seen: str = "past") -> alt.Chart:
    """The attention of one row in both heads. Columns: j, past (label), side, weight."""
    color = _by_side("side", _SIDES, "Head")
    return in_pairs(table, "side", list(_SIDES), color, "Head", seen).properties(
        description=f"Bars: the attention of one token to each {seen} token j, of the left and of "
        "the right head."
    )


def ranks(table: pd.DataFrame, most: int) -> alt.LayerChart:
    """A point a token at its ranks in both heads, on log scales to `most`.

    A click on a point selects its left_id, right_id and where as `token`.

    Columns: shown, left_id, right_id, left, right (ranks), where ("both", "left" or "right").
    """
    token = alt.selection_point(name="token", fields=["left_id", "right_id", "where"], empty=False)
    scale = alt.Scale(type="log", domain=[1, max(2, most)], nice=False)
    axis = alt.Axis(format="~s", tickCount=5)
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=70, opacity=0.85, cursor="pointer")
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
        .add_params(token)
    )
    ends = pd.DataFrame({"left": [1, max(2, most)], "right": [1, max(2, most)]})
    equal = (
        alt.Chart(ends).mark_line(color=BASELINE, strokeDash=[4, 4]).encode(x="left:Q", y="right:Q")
    )
    return layer(equal, points).properties(
        description="Points: the tokens of both lists, by their rank in the left head and in the "
        "right one.",
        height=340,
    )


def heads(
    table: pd.DataFrame, measure: str, dark: bool = False, *, log: bool = False
) -> alt.LayerChart:
    """The heads of both models on one axis by a measure, each with its number.

    A click on a mark selects its side and head as `head`.

    Columns: side, model, head, value, chosen ("left", "right", "both" or "neither").
    """
    head = alt.selection_point(name="head", fields=["side", "head"], empty=False)
    models = dict(zip(table["side"], table["model"], strict=True))
    names = {
        side: model if len(models) == 1 else f"{side}: {model}" for side, model in models.items()
    }
    scale = alt.Scale(type="log", nice=False) if log else alt.Scale(zero=False)
    base = alt.Chart().encode(
        x=alt.X("value:Q", title=measure, scale=scale, axis=alt.Axis(format="~g", tickCount=6)),
        y=alt.Y(
            "side:N",
            title=None,
            axis=alt.Axis(
                labelLimit=120, labelFlush=False, labelExpr=f"({json.dumps(names)})[datum.value]"
            ),
        ),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("head:O", title="Head"),
            alt.Tooltip("value:Q", title=measure, format=".4g"),
            alt.Tooltip("chosen:N", title="Chosen"),
        ],
    )
    color = _by_side("chosen", _CHOSEN, "Chosen")
    marks = base.mark_tick(thickness=3, size=26, cursor="pointer").encode(color=color)
    numbers = base.mark_text(dy=-22, fontSize=12, cursor="pointer", color=palette.LETTERS[dark])
    return layer(marks.add_params(head), numbers.encode(text="head:O"), data=table).properties(
        description=f"Marks in a row for each model, one for each head: {measure}.",
        height=alt.Step(64),
    )


def _by_side(column: str, colors: dict[str, str], title: str) -> alt.Color:
    return alt.Color(
        f"{column}:N",
        title=title,
        scale=alt.Scale(domain=list(colors), range=list(colors.values())),
        legend=alt.Legend(orient="top", columns=2),
    )
