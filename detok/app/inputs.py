"""What a visitor chooses with: the widgets that pages share."""

from collections.abc import Callable

import streamlit as st

import detok
from detok.app import examples, output, texts
from detok.readings import words

MAX_PIECES = 24  # of a typed text
MAX_TYPED = 200  # characters of it
# Servers and browsers between here and a friend may refuse longer addresses.
MAX_IN_LINK = 1500


def keep_within(key: str, largest: int) -> None:
    """Forgets a widget's value that a shorter text has put out of its range."""
    value = st.session_state.get(key)
    if value is not None and value > largest:
        del st.session_state[key]


def within(text: str, most: int) -> str:
    """As much of a text as is used, and says so where that is not all.

    A widget's own limit drops a longer text of a link in silence.
    """
    if len(text) > most:
        st.info(f"Used: the first {most:,} of {len(text):,} characters.")
    return text[:most]


def head_choice(layer: detok.Layer, *, with_all: bool = False, default: str = "0") -> int | None:
    """The number of a head; None for all of them, which only some pages can show."""
    options = [*(["all"] if with_all else []), *map(str, range(layer.n_heads))]
    chosen = st.selectbox(
        "Head", options, options.index(default), key="head", bind="query-params", width=130
    )
    return None if chosen == "all" else int(chosen)


def sample_number(help_: str | None = None) -> int:
    """The number that draws a random sample, so that a link draws the same."""
    return st.number_input(
        "Sample", 0, 9999, 0, key="sample", bind="query-params", width=130, help=help_
    )


def how_many(default: int, most: int) -> int:
    """The number of rows that a visitor wants of a table."""
    return st.number_input("How many", 1, most, default, key="k", bind="query-params", width=130)


def current_position(layer: detok.Layer) -> int:
    """The slider of the current position i, which begins in the middle."""
    last = layer.n_positions - 1
    if not last:
        return 0  # a slider needs two places
    middle = layer.n_positions // 2
    return st.slider("Current position i", 0, last, middle, key="i", bind="query-params")


def token_choice(layer: detok.Layer) -> tuple[list[int], int | None]:
    """A text and one of its tokens, or of those that match it: the text's pieces, and the token.

    Without a text there is no token. Of a long text, only the first MAX_PIECES pieces are used; of
    one that cannot be split into tokens there are none, and the first match is chosen.
    """
    vocabulary = layer.tokenizer

    def found(text: str) -> tuple[list[int], list[int], int | None]:
        """The pieces of a text, all tokens to choose from, and the one that is chosen at first."""
        try:
            pieces = texts.encoded(layer, text)[:MAX_PIECES]
        except detok.InputError:
            pieces = []
        options = list(dict.fromkeys([*pieces, *vocabulary.search(text)]))
        return pieces, options, next(iter([*pieces[-1:], *options]), None)

    def choose_last_piece() -> None:
        """Typing a new text chooses its last piece, whatever token was chosen before."""
        st.session_state["token"] = found(st.session_state["text"][:MAX_TYPED])[2]

    # Not its default: Streamlit takes no value from a link that is the default of its widget.
    if "text" not in st.query_params:
        st.session_state.setdefault("text", examples.word(layer))
    text = st.text_input(
        "Word or text",
        key="text",
        bind="query-params",
        on_change=choose_last_piece,
        help=words.spaces(layer),
    )
    text = within(text, MAX_TYPED)
    with output.mistakes():
        texts.encoded(layer, text)
    pieces, options, first = found(text)
    token = st.selectbox(
        "Token",
        options,
        index=None if first is None else options.index(first),
        format_func=lambda t: f"{vocabulary.show(t)}  #{t}",
        key="token",
        bind="query-params",
        placeholder="type something first",
        help="The pieces of your text, then tokens of the vocabulary that match it (at most 50).",
    )
    return pieces, token


def passage(default: str, examples: dict[str, str], on_change: Callable[[], None]) -> str:
    """A text box whose text is in the link unless it is long, with examples to begin with."""
    state = st.session_state

    def choose(example: str) -> None:
        state["passage"] = example
        on_change()

    if "passage" not in state:
        state["passage"] = st.query_params.get("passage", state.get("passage_kept", default))
    with st.container(horizontal=True):
        for label, example in examples.items():
            st.button(label, on_click=choose, args=(example,))
    text = st.text_area(
        "Text",
        key="passage",
        on_change=on_change,
        help="Ctrl + Enter, or a click elsewhere, reads it.",
    )
    state["passage_kept"] = text  # a widget's own state ends with the page
    if len(text) > MAX_IN_LINK:
        st.query_params.pop("passage", None)
        st.info(
            f"A text of more than {MAX_IN_LINK:,} characters is not in the link; everything else "
            "that you choose is."
        )
    elif st.query_params.get("passage", default) != text:
        st.query_params["passage"] = text
    return text
