"""Where a visitor cuts a text into segments, and where the answer begins."""

from collections.abc import Callable

import streamlit as st

import detok
from detok.app import link, output, texts

# Two lines to be cut between, whatever the visitor's text is.
LINES = "The name of the town is Buenos Aires.\nWhere does the name come from?"
# Choices that mean nothing in another text.
PLACES = ("cuts", "answer", "window")
TALL = 48  # tokens from which on the places to cut at scroll by themselves


def choice(layer: detok.Layer, run: detok.Run) -> tuple[list[int], int]:
    """The tokens, from 1 on, that begin a new segment; and the token that begins the answer.

    Without a choice a text is cut after its lines, and there is no answer: it would begin at n.
    """
    ids, state = run.ids.tolist(), st.session_state
    lines = texts.after_lines(layer, ids)
    link.chosen("Cut after", "cuts", lines, _reader(run.n))

    def two_lines() -> None:
        state["passage"] = LINES
        link.forget(*PLACES)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        answer = link.number_input(
            "Answer begins at token",
            0,
            run.n - 1,
            None,
            key="answer",
            placeholder="none",
            width=190,
            help="From this token on, each sees only itself and those before it.",
        )
        st.button(
            "Cut at line ends",
            on_click=lambda: state.update(cuts=lines),
            disabled=not lines,
            help=None if lines else "This text has only one line.",
        )
        st.button("One segment", on_click=lambda: state.update(cuts=[]))
        if texts.can_encode(layer):
            st.button("A text of two lines", on_click=two_lines)
    if run.n > 1:
        _places(layer, ids)
    return state["cuts"], run.n if answer is None else answer


def _places(layer: detok.Layer, ids: list[int]) -> None:
    """A chip for each token but the last."""
    state, shown = st.session_state, layer.tokenizer.show_each(ids)

    def in_order() -> None:
        state["cuts"] = sorted(state["cuts"])

    with st.container(height=260 if len(ids) > TALL else "content", border=False):
        st.pills(
            "Cut after",
            range(1, len(ids)),
            selection_mode="multi",
            format_func=lambda cut: output.escaped(f"{cut - 1} {shown[cut - 1]}"),
            key="cuts",
            on_change=in_order,
            help="A click on a token cuts the text behind it; another click takes the cut back.",
        )


def _reader(n: int) -> Callable[[str], list[int]]:
    def read(text: str) -> list[int]:
        numbers = text.split(",") if text else []
        are_whole = all(number.isdecimal() and len(number) < 10 for number in numbers)
        cuts = [int(number) for number in numbers] if are_whole else [0]
        if cuts != sorted(set(cuts)) or not all(0 < cut < n for cut in cuts):
            raise ValueError(
                f"expected the tokens that begin a segment, from 1 to {n - 1}, in order and with "
                "commas between them"
                if n > 1
                else "expected nothing, a text of one token cannot be cut"
            )
        return cuts

    return read
