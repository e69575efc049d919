"""What a click leads to: of marks of charts and of rows of tables, by what they are of.

All are for `figure.show` and `figure.leads`: what was clicked is a list of one dictionary, with the
ids of a mark, or with those of a row and the `column` that was clicked.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

import detok
from detok.app import examples, go, link, output
from detok.scores.affinity import Side

Clicked = list[dict[str, Any]]


def token(clicked: Clicked, head: int | None = None) -> None:
    """To the affinity of a token: in this head, or in that which was clicked, if it is of one."""
    _token(clicked[0], "token_id", head)


def current(clicked: Clicked) -> None:
    """To the affinity of token i of a pair."""
    _token(clicked[0], "token_id_i")


def head(clicked: Clicked) -> None:
    """Chooses a head on the page that is shown."""
    number = _head(clicked[0])
    if number is not None:
        go.to(link.shown(), head=number)


def position(clicked: Clicked) -> None:
    """To what a position gives to all others."""
    i = clicked[0].get("position", clicked[0].get("i"))
    if i is not None:
        go.to("positions", i=int(i))


def eta(tried: Sequence[float]) -> Callable[[Clicked], None]:
    """For curves over η: chooses that which was clicked. Charts have their numbers in 32 bits."""

    def choose(clicked: Clicked) -> None:
        go.to(link.shown(), eta=min(tried, key=lambda eta: abs(eta - clicked[0]["eta"])))

    return choose


def partner(layer: detok.Layer, of: int, side: Side) -> Callable[[Clicked], None]:
    """For tables of the partners of one token: to the affinity of a partner.

    From the string that both make, to the terms of their pair.
    """

    def lead(clicked: Clicked) -> None:
        row = clicked[0]
        if row["column"] != "joined_shown":
            token(clicked)
            return
        other = int(row["token_id"])
        apart(layer, *((other, of) if side == "past" else (of, other)), _head(row))

    return lead


def pair(layer: detok.Layer, clicked: Clicked) -> None:
    """For tables of pairs: to the terms of a pair, or to the affinity of its token i."""
    row = clicked[0]
    if row["column"] == "joined":
        apart(layer, int(row["past"]), int(row["current"]), None)
    else:
        _token(row, "past" if row["column"] == "past_shown" else "current")


def ranked(table: pd.DataFrame) -> Callable[[Clicked], None]:
    """For tables with a column for each head and a row for each rank: to the token in a cell."""

    def lead(clicked: Clicked) -> None:
        row = clicked[0]
        of_cell = table[(table["head"] == _head(row)) & (table["rank"] == row["Rank"])]
        for found in of_cell.to_dict("records"):
            token([found])

    return lead


def apart(layer: detok.Layer, past: int, current: int, head: int | None) -> None:
    """To the terms of two tokens, in a text where the one stands before the other.

    Where there is none, that is said, and leads nowhere.
    """
    text, i = examples.apart(layer, past, current)
    if i is not None:
        go.to("terms", passage=text, head=head, pair_i=i, pair_j=i - 1)
        return
    shown = " + ".join(map(layer.tokenizer.show, (past, current)))
    sentence = f"{shown} cannot be taken apart: the tokenizer splits that text otherwise."
    st.toast(output.escaped(sentence))


def _token(mark: dict[str, Any], column: str, head: int | None = None) -> None:
    if mark.get(column) is not None:
        go.to("affinity", token=int(mark[column]), head=_head(mark) if head is None else head)


def _head(mark: dict[str, Any]) -> int | None:
    """The number of a head: that of a mark or a row, or of the column that was clicked."""
    if mark.get("head") is not None:
        return int(mark["head"])
    found = re.search(r"head[ _](\d+)$", mark.get("column", ""), re.IGNORECASE)
    return None if found is None else int(found[1])
