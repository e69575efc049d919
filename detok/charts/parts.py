"""Parts that several charts are made of."""

import json
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
from altair.expr.core import Expression

from detok.charts.palette import BASELINE, FRAME, LETTERS


def panels(
    chart: alt.Chart | alt.LayerChart,
    width: int,
    height: int | alt.Step,
    title: str | None = None,
) -> alt.FacetChart:
    """A panel a head, four in a row. The chart's data have the column head."""
    header = alt.Header(labelExpr="'Head ' + datum.value", labelFontWeight="bold")
    facet = alt.Facet("head:O", title=title, header=header)
    return chart.properties(width=width, height=height).facet(facet, columns=4)


def one_or_panels(
    table: pd.DataFrame, parts: list[alt.Chart], kind: str, what: str, height: int = 320
) -> alt.LayerChart | alt.FacetChart:
    """The parts above each other, of one head; or a panel a head, each on its own scale.

    `kind` and `what` say what is drawn, and of what. The table has the column head.
    """
    drawn = layer(*parts, data=table)
    if table["head"].nunique() < 2:
        return drawn.properties(description=f"{kind}: {what}.", height=height)
    figure = panels(drawn, 118, 110).resolve_scale(y="independent")
    return figure.properties(description=f"{kind} in a panel for each head: {what}.")


def clicked(*fields: str) -> alt.Parameter:
    """The parameter of marks that can be clicked, `cell`: these columns tell one from another.

    For the app; what is drawn is the same without it.
    """
    return alt.selection_point(name="cell", fields=list(fields), empty=False, toggle=False)


def readable(chart: alt.TopLevelMixin, dark: bool) -> alt.TopLevelMixin:
    """A whole figure with letters that stand out from the page in this theme."""
    color = LETTERS[dark]
    return chart.configure(
        axis=alt.AxisConfig(labelColor=color, titleColor=color),
        legend=alt.LegendConfig(labelColor=color, titleColor=color),
        header=alt.HeaderConfig(labelColor=color, titleColor=color),
        # They would be images without a name; the figure's description says what they are.
        rule=alt.MarkConfig(aria=False),
    )


def layer(*parts: alt.Chart, data: pd.DataFrame | None = None) -> alt.LayerChart:
    """Charts above each other, on one table if it is given."""
    return alt.layer(*map(light, parts), **({} if data is None else {"data": data}))


def light(part: alt.Chart) -> alt.Chart:
    """The same chart without all that it could have and has not.

    Altair copies the parts of a chart several times, and that takes most of the time otherwise.
    """
    bare = part.copy(deep=False)
    bare.data = alt.Undefined
    spec = bare.to_dict(validate=False, context={"top_level": False})
    bare.data, bare.mark = part.data, spec["mark"]
    bare.encoding = alt.FacetedEncoding(**spec.get("encoding", {}))
    return bare


def in_pairs(
    table: pd.DataFrame, column: str, names: list[str], color: alt.Color, title: str, seen: str
) -> alt.Chart:
    """Two bars of attention for each token j, by the two `names` in a column.

    Columns: j, past (label), weight, and the `column`, whose title is given.
    """
    y = alt.Y(
        "past:N",
        sort=alt.SortField("j"),
        title=token_j(seen),
        axis=alt.Axis(labelFlush=False),
    )
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(
            y=y,
            yOffset=alt.YOffset(f"{column}:N", sort=names),
            x=alt.X("weight:Q", title="Attention weight", axis=alt.Axis(format="~%")),
            color=color,
            tooltip=[
                alt.Tooltip("past:N", title=token_j(seen)),
                alt.Tooltip(f"{column}:N", title=title),
                alt.Tooltip("weight:Q", title="Weight", format=".3f"),
            ],
        )
        .properties(height=alt.Step(12))
    )


def capitalized(title: str) -> str:
    """With a large first letter, and all others as they are."""
    return title[:1].upper() + title[1:]


def token_j(seen: str) -> str:
    """The title of tokens j, which are past ones or of another kind."""
    return f"{seen.capitalize()} token j"


def bare_axes(
    seen: str, x: str = "j", y: str = "i", names: list[str] | None = None
) -> tuple[alt.X, alt.Y]:
    """Axes of a token × token map by number; `x` and `y` are the columns.

    Labelled with the `names` of tokens 0, 1, …, or not at all.
    """
    axis = {"ticks": False, "grid": False, "domain": False}
    if not names:
        along_x = along_y = alt.Axis(labels=False, **axis)
    else:
        axis |= {"labelOverlap": False, "labelFlush": False, "labelLimit": 90}
        axis["labelExpr"] = f"({json.dumps(names)})[datum.value]"
        along_x, along_y = alt.Axis(labelAngle=-90, **axis), alt.Axis(**axis)
    return (
        alt.X(f"{x}:O", title=token_j(seen), axis=along_x),
        alt.Y(f"{y}:O", title="Current token i", axis=along_y),
    )


def yes_or_no() -> alt.Legend:
    """The legend of a column of truth values."""
    return alt.Legend(orient="top", labelExpr="datum.value ? 'yes' : 'no'")


def choose(table: pd.DataFrame, head: int) -> pd.DataFrame:
    """The rows of a head are `chosen`: in the data, so that another choice changes no chart."""
    return table.assign(chosen=table["head"] == head)


def by_head() -> alt.X:
    return alt.X("head:O", title="Head", axis=alt.Axis(labelAngle=0, labelFlush=False))


def log_ranks(ranks: pd.Series, title: str, chance: float) -> alt.Y:
    """An axis of the ranks in a column, the first at the top, on a log scale that has chance."""
    worst = max(2.0, chance, float(ranks.max()))
    powers = [10**n for n in range(10) if 10**n <= worst]
    return alt.Y(
        f"{ranks.name}:Q",
        title=title,
        scale=alt.Scale(type="log", reverse=True, nice=False, domain=[1, worst]),
        axis=alt.Axis(values=powers, format=",d"),
    )


def chance_line(chance: float) -> list[alt.Chart]:
    """A dashed line across a chart, with its name at the right end."""
    rule = alt.Chart(pd.DataFrame({"chance": [chance], "text": ["chance"]})).encode(y="chance:Q")
    return [
        rule.mark_rule(color=BASELINE, strokeDash=[5, 4]),
        rule.mark_text(x="width", align="right", dy=-6, color=BASELINE).encode(text="text:N"),
    ]


def framed(places: alt.Chart, dark: bool, chosen: Expression = alt.datum.chosen) -> alt.Chart:
    """A frame around cells whose data are `chosen`; `places` says where they are."""
    drawn = places.transform_filter(chosen)
    return drawn.mark_rect(filled=False, stroke=FRAME[dark], strokeWidth=2)


def at(cell: tuple[int, int] | None) -> Expression:
    """Whether data are of this cell (i, j), if there is one."""
    i, j = cell or (-1, -1)
    return (alt.datum.i == i) & (alt.datum.j == j)


def map_of(
    table: pd.DataFrame,
    fields: Sequence[str],
    dark: bool,
    chosen: Expression = alt.datum.chosen,
    **encoding: Any,
) -> alt.LayerChart:
    """A map whose cells can be clicked; `fields` tell them apart, and those `chosen` are framed."""
    cells = alt.Chart().mark_rect(cursor="pointer").encode(**encoding).add_params(clicked(*fields))
    places = alt.Chart().encode(x=encoding["x"], y=encoding["y"])
    return layer(cells, framed(places, dark, chosen), data=table)


def map_size(table: pd.DataFrame, cell: int, least: int) -> int:
    """Width of a token × token map with `cell` pixels a token."""
    return max(least, cell * table["i"].nunique())


def token_axes(table: pd.DataFrame, seen: str) -> tuple[alt.X, alt.Y]:
    """Axes with the tokens for labels, none left out; those of a window of one text."""
    axis = {"labelLimit": 90, "labelOverlap": False, "labelFlush": False}
    axis |= {"ticks": False, "domain": False}
    order = table.drop_duplicates("i").sort_values("i")["current"].tolist()
    return (
        alt.X("past:N", sort=order, title=token_j(seen), axis=alt.Axis(labelAngle=-90, **axis)),
        alt.Y("current:N", sort=order, title="Current token i", axis=alt.Axis(**axis)),
    )
