"""Leads a visitor from what is clicked to the page, and the place on it, that it is about."""

import streamlit as st

from detok.app import link
from detok.app.navigation import PLACES


def to(name: str, **choices: object) -> None:
    """Goes to a page with these choices made on it: for callbacks of widgets (on_click, on_select).

    `name` is one of `navigation.PLACES`; the choices are keys of widgets of that page, with their
    values: `go.to("affinity", token=284, head=3)`, `go.to("terms", passage="Homo sapiens",
    pair_i=3, pair_j=2)`. Of None nothing is said. On the page that is shown already, it makes the
    choices there. The model goes along, and so do head, text and token where they are not among
    the choices; a value that does not fit is named on the page and replaced, as in any link.

    Call it from a callback, not while a page is drawn: a page's own link is
    `link_to`.
    """
    place = PLACES[name]
    if link.shown() == name:
        link.ask(_said(choices))
    else:
        st.switch_page(place.path, query_params=link.leave(name, _said(choices)))


def address(name: str, **choices: object) -> dict[str, str]:
    """The query parameters of a link to where `to` leads."""
    return link.leading(name, _said(choices))


def link_to(name: str, label: str, **choices: object) -> None:
    """A link to where `to` leads, with the icon of the page."""
    place = PLACES[name]
    query = address(name, **choices)
    st.page_link(place.path, label=label, icon=place.icon, query_params=query, width="content")


def _said(choices: dict[str, object]) -> dict[str, str]:
    texts = {key: link.said(value) for key, value in choices.items()}
    return {key: text for key, text in texts.items() if text is not None}
