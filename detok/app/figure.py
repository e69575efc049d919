"""A finished figure: shown, kept for all visitors, and taken along, from one description of it.

A page's figures are made in `detok/app/finished/`, by functions that `kept` keeps by their
arguments, so that a figure is computed once for all visitors:

    @figure.kept
    def curve(layer: detok.Layer, i: int, head: int) -> Figure:
        table = tables.curve(layer, i, head)
        return Figure(
            name="curve",  # of its files; each figure of a page has another
            title=f"T^p of head {head}, seen from i = {i}",
            table=table,  # everything, in full precision, with token ids: what is downloaded
            about=about(layer, "T^p, unscaled"),
            code=lines(layer, "tables.positions", f"table = tables.curve(layer, {i}, {head})"),
            draw=lambda dark: charts.curve(table, i),  # a part of it may be drawn
            readings=(readings.curve(table),),
        )

A page says `figure.show(finished.curve(layer, i, head))`: the chart, what it shows in words, and
one menu with the data, the picture, the lines of code and the link. A figure that holds a layer, in
`draw` for instance, would keep it alive.
"""

import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import streamlit as st
from altair.utils.schemapi import disable_debug_mode

from detok.app import exports, output, own_counts, store, takeaway
from detok.app.provenance import link
from detok.charts.parts import readable
from detok.charts.wire import Chart, arrow, parted, recolored, used

# Every part of a chart would be checked against Vega-Lite's schema; the tests check whole charts.
disable_debug_mode()

# Figures of each kind, for all visitors. At GPT-2's size they take 0.01 to 1.3 MB each, and 4.8 MB
# the contributions to a text as long as the model takes, in all heads: 150 MB at most of a kind.
MAX_FIGURES = 32
# What browsers get of them, at most 0.5 MB each; of all kinds together, in two themes.
MAX_DRAWN = 256

# What is done with that which was clicked.
Clicked = Callable[[list[dict[str, Any]]], None]


@dataclass(frozen=True, eq=False)
class Figure:
    """What a figure shows and what describes it; the module has an example.

    `draw` makes its chart in the dark theme or in the light one; a figure that a page shows as a
    table has none. `listed` are tables to be read, by what `lists` calls them; `answer` is the
    result in a sentence, which a page says before it shows anything. `code` are lines of Python
    after which `table` equals the figure's. `of` is what a visitor chose, such as a text, to stand
    in the picture. `more` is for the JSON file only.

    Charts whose figures have an equal `alike` are the same but for their one table, `drawn`, and
    where there is one for the `domain` of their colours: their specification is made once.
    """

    name: str
    title: str
    table: pd.DataFrame
    about: dict[str, str]
    code: str
    answer: str = ""
    readings: tuple[str, ...] = ()
    listed: dict[str, pd.DataFrame] = field(default_factory=dict)
    draw: Callable[[bool], Chart] | None = None
    drawn: pd.DataFrame | None = None
    alike: tuple[Hashable, ...] | None = None
    domain: list[float] | None = None
    of: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)  # no two that were made have the same


# Keeps what a function makes of a layer, a run and other arguments: for all visitors, but for those
# who have counts of their own.
kept = own_counts.kept(max_entries=MAX_FIGURES)


def show(
    figure: Figure,
    on_select: Clicked | None = None,
    selection: str = "cell",
) -> None:
    """The chart of a figure, its sentences, and its menu.

    `on_select` is called with what a visitor clicked: the points of the chart's parameter of the
    name `selection`. `detok.app.clicks` has what pages do then.
    """
    if figure.draw is not None:
        if on_select is None:
            _drawn(figure, output.is_dark())
        else:
            _clickable(figure, output.is_dark(), on_select, selection)
    for sentence in figure.readings:
        output.reading(sentence)
    menu(figure)


def menu(figure: Figure) -> None:
    """Everything that leaves with a figure, below what the page shows of it."""
    takeaway.note(figure)
    _menu(figure)


_of_figure = st.cache_resource(
    show_spinner=False, max_entries=MAX_DRAWN, hash_funcs={Figure: lambda figure: figure.key}
)


@_of_figure
def _drawn(figure: Figure, dark: bool) -> None:
    """The chart: Streamlit keeps what this sends to the browser, and sends it again."""
    spec = _specification(figure, dark)
    st.vega_lite_chart(spec, width=_width(spec), alt=_alt(spec, figure))


@_of_figure
def lists(
    figure: Figure,
    which: str = "",
    _columns: dict[str, Any] | None = None,
    height: int | Literal["auto"] = "auto",
) -> None:
    """One of a figure's tables to be read, kept as it was sent; `_columns` say how it is headed."""
    st.dataframe(
        figure.listed[which],
        hide_index=True,
        column_config=_columns,
        height=height,
        alt=f"{figure.title} {which}".strip(),
    )


def leads(
    figure: Figure,
    on_select: Clicked,
    which: str = "",
    columns: dict[str, Any] | None = None,
    height: int | Literal["auto"] = "auto",
) -> None:
    """One of a figure's tables, as of `lists`, whose rows lead somewhere.

    `on_select` is called with the row that was clicked, in a list of its own: that of the figure's
    table where the table to be read is a part of it, with all ids; and `column`, the name of the
    column that was clicked.
    """
    name = f"{figure.name} {which}"
    key = _key(name)

    def clicked() -> None:
        with passing_over(figure):
            if cells := st.session_state[key].selection.cells:
                st.session_state["clicks"][name] += 1
                place, column = cells[0]
                on_select([_row(figure, which, place) | {"column": column}])

    st.dataframe(
        _listed(figure, which),
        key=key,
        on_select=clicked,
        selection_mode="single-cell",
        hide_index=True,
        column_config=columns,
        height=height,
        alt=f"{figure.title} {which}".strip(),
    )


@store.kept(max_entries=MAX_DRAWN)
def _listed(figure: Figure, which: str) -> pa.Table:
    """A table to be read, ready to be sent: with a visitor's clicks it is not kept as it was."""
    return pa.Table.from_pandas(figure.listed[which], preserve_index=False)


@contextmanager
def passing_over(figure: Figure) -> Iterator[None]:
    """Nothing comes of a click on what a figure does not have: browsers may send anything."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        logging.getLogger(__name__).warning(
            "passed over a click that is none on %s: %s", figure.name, type(error).__name__
        )


def _row(figure: Figure, which: str, place: int) -> dict[str, Any]:
    listed, table = figure.listed[which], figure.table
    if set(listed.columns) <= set(table.columns):
        (row,) = table.loc[[listed.index[place]]].to_dict("records")
    else:
        (row,) = listed.iloc[[place]].to_dict("records")
    return row


def _key(name: str) -> str:
    """Another one after each click: what was clicked is not any more, and can be clicked again."""
    return f"{name}-{st.session_state.setdefault('clicks', Counter())[name]}"


def _clickable(
    figure: Figure,
    dark: bool,
    on_select: Clicked,
    selection: str,
) -> None:
    key = _key(figure.name)

    def clicked() -> None:
        with passing_over(figure):
            if points := st.session_state[key].selection.get(selection):
                st.session_state["clicks"][figure.name] += 1
                on_select(points)

    spec = _ready(figure, dark)
    alt = _alt(spec, figure)
    st.vega_lite_chart(spec, key=key, on_select=clicked, width=_width(spec), alt=alt)


@store.kept(max_entries=MAX_DRAWN)
def _ready(figure: Figure, dark: bool) -> dict[str, Any]:
    """The specification of a chart that is not sent again as it was: it has a visitor's clicks."""
    return _specification(figure, dark)


def _specification(figure: Figure, dark: bool) -> dict[str, Any]:
    if figure.alike is None:
        spec, tables = parted(readable(figure.draw(dark), dark))
        sent = {name: arrow(table, table.columns) for name, table in tables.items()}
    else:
        spec, columns = _alike(figure.alike, dark, figure)
        spec = spec if figure.domain is None else recolored(spec, figure.domain)
        sent = {spec["data"]["name"]: arrow(figure.drawn, columns)}
    return spec | {"datasets": sent}


@store.kept(max_entries=MAX_DRAWN)
def _alike(
    alike: tuple[Hashable, ...], dark: bool, _one: Figure
) -> tuple[dict[str, Any], list[str]]:
    """The specification of all figures that are alike, by one of them, and its table's columns."""
    spec, _ = parted(readable(_one.draw(dark), dark))
    return spec, list(used(spec, _one.drawn))


def _alt(spec: dict[str, Any], figure: Figure) -> str | None:
    """None for a chart that describes itself.

    A browser takes this text for a part of the specification: were it another one for each head,
    charts that are alike would all be made anew.
    """
    return None if spec.get("description") else figure.title


def _width(spec: dict[str, Any]) -> str:
    """That of the page, unless the chart has one of its own, or panels that have."""
    has_own = not spec.keys().isdisjoint(["width", "facet", "concat", "hconcat"])
    return "content" if has_own else "stretch"


@st.fragment
def _menu(figure: Figure) -> None:
    """Its contents are made once it is open, and the files on a click."""
    opened = st.popover(
        "Data, code, link" if figure.draw is None else "Data, picture, code, link",
        type="tertiary",
        icon=":material/download:",
        on_change="rerun",
        key=f"menu-{figure.name}",
    )
    if not opened.open:
        return
    with opened:
        with st.container(horizontal=True):
            for ending, content, kind in exports.files(figure):
                st.download_button(
                    ending.upper(),
                    content,
                    f"{exports.file_name(figure)}.{ending}",
                    kind,
                    key=f"{ending}-{figure.name}",
                    on_click="ignore",
                )
        st.caption("The same table in Python:")
        st.code(figure.code, language="python")
        st.caption("A link to what you see:")
        st.code(link(), language=None, wrap_lines=True)
