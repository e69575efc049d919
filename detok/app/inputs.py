"""What a visitor chooses with: the widgets that pages share."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import detok
from detok.app import cached, examples, go, link, output, settings, style, texts, tokens
from detok.readings import words

MAX_PIECES = 24  # of a typed text
MAX_TEXT = 200  # characters of a word or text
# What stands in the list of a token's field at first, by its key.
LISTED = {
    "token": "the pieces of your text",
    "target": "the most probable tokens after the text",
    "partner": "the piece next to the token in its word, and its best partners",
}


def bar() -> DeltaGenerator:
    """The container of what a page shows, a head or a text, which stays in view."""
    return st.container(key=style.BAR, horizontal=True, vertical_alignment="bottom")


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

    def read(text: str) -> str:
        if text in options:
            return text
        if text == "all":
            raise ValueError("this page shows one head at a time")
        every = "all or " if with_all else ""
        raise ValueError(f"expected {every}the number of a head, from 0 to {layer.n_heads - 1}")

    chosen = link.selectbox(
        "Head", options, options.index(default), key="head", read=read, width=110
    )
    return None if chosen == "all" else int(chosen)


def sample_number(help_: str | None = None) -> int:
    """The number that draws a random sample, so that a link draws the same."""
    return link.number_input("Sample", 0, 9999, 0, key="sample", width=130, help=help_)


def how_many(default: int, most: int) -> int:
    """The number of rows that a visitor wants of a table."""
    return link.number_input("How many", 1, most, default, key="k", width=130)


def current_position(layer: detok.Layer) -> int:
    """The slider of the current position i, which begins in the middle."""
    last = layer.n_positions - 1
    if not last:
        return 0  # a slider needs two places
    return link.slider("Current position i", 0, last, layer.n_positions // 2, key="i")


def window(n: int, width: int, *, at_end: bool = False) -> tuple[int, int]:
    """The tokens of n that are shown: from one, up to but without another."""
    most = max(0, n - width)
    begin_at = 0
    if most:
        begin_at = link.slider(
            f"First of the {width} tokens shown", 0, most, most if at_end else 0, key="window"
        )
    return begin_at, min(begin_at + width, n)


def token_choice(layer: detok.Layer) -> tuple[list[int], int | None]:
    """A text and one token, of the text or any other: the text's pieces, and the token.

    Without a text there is no token until one is chosen. Of a long text, only the first MAX_PIECES
    pieces are used; of one that cannot be split into tokens there are none, and the first match is
    chosen.
    """
    state, vocabulary = st.session_state, layer.tokenizer

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
        state["token"] = found(state["text"][:MAX_TEXT])[2]
        state["token_typed"] = None

    text = link.text_input(
        "Word or text",
        examples.word(layer),
        key="text",
        on_change=choose_last_piece,
        help=words.spaces(layer),
    )
    text = within(text, MAX_TEXT)
    with output.mistakes():
        texts.encoded(layer, text)
    pieces, options, first = found(text)
    return pieces, token_field(layer, options, first)


def token_field(
    layer: detok.Layer, options: list[int], first: int | None, label: str = "Token"
) -> int | None:
    """The field of one token, which takes any part of one and any id, beside a search in all.

    Its key is its label in small letters.
    """
    state, vocabulary, key = st.session_state, layer.tokenizer, label.lower()

    def read(text: str) -> int:
        if not (text.isdecimal() and len(text) < 10 and int(text) < layer.vocab_size):
            raise ValueError(f"expected the id of a token, from 0 to {layer.vocab_size - 1}")
        return int(text)

    def choose(of: str) -> None:
        """An option is the id of a token; what was typed is a part of one, or an id after "#"."""
        typed = state[of]
        if typed is None:
            return
        typed = typed[:MAX_TEXT] if isinstance(typed, str) else typed
        try:
            state[key] = tokens.named(layer, typed) if isinstance(typed, str) else typed
            state[f"{key}_typed"] = typed
            state["searches"] = state.get("searches", 0) + 1
        except detok.InputError as error:
            state[key] = token
            state[f"{key}_mistake"] = error

    def show(token: int | None) -> str | None:
        return None if token is None else tokens.label(layer, token)

    token = link.chosen(label, key, first, read, show)
    typed = state.get(f"{key}_typed")
    matches = vocabulary.search(typed) if isinstance(typed, str) else []
    options = list(dict.fromkeys([*options, *matches, *([] if token is None else [token])]))
    st.selectbox(
        label,
        options,
        None if first is None else options.index(first),
        format_func=lambda t: t if isinstance(t, str) else tokens.label(layer, t),
        key=key,
        on_change=choose,
        args=(key,),
        placeholder="part of a token, or #id",
        accept_new_options=True,
        filter_mode="contains",
        help="Type a part of any token, or its id as in “#58”, and press Enter. Listed are "
        f"{LISTED[key]} and the tokens that match it.",
    )
    with st.popover(
        "",
        icon=":material/search:",
        help="Search all tokens",
        key=f"search-{key}-{state.get('searches', 0)}",  # another one is closed again
        on_change="rerun",
    ) as search:
        if search.open:
            sought = f"{key}_sought"
            state[sought] = None
            st.selectbox(
                f"All {layer.vocab_size:,} tokens",
                range(layer.vocab_size),
                None,
                format_func=cached.token_labels(layer).__getitem__,
                key=sought,
                on_change=choose,
                args=(sought,),
                placeholder="type a part of a token, or #id",
                filter_mode="contains",
            )
    if f"{key}_mistake" in state:
        output.mistake(state.pop(f"{key}_mistake"))
    return token


def chips(layer: detok.Layer, ids: list[int], token: int | None = None, **choices: object) -> None:
    """The pieces of a text; a click on one leads to it on the page of token affinity.

    The one that is chosen already is in colour; other choices for that page can be given.
    """
    state = st.session_state
    if not ids:
        return
    shown = layer.tokenizer.show_each(ids)
    place = state.get("chips")
    if place is None or ids[place : place + 1] != [token]:
        state["chips"] = ids.index(token) if token in ids else None
    st.pills(
        "Tokens of the text",
        range(len(ids)),
        format_func=lambda place: output.escaped(shown[place]),
        key="chips",
        on_change=lambda: (
            state["chips"] is None or go.to("affinity", token=ids[state["chips"]], **choices)
        ),
        label_visibility="collapsed",
    )


def passage(default: str, examples: dict[str, str], on_change: Callable[[], None]) -> str:
    """A text box with examples to begin with; as much of its text as is used."""

    def choose(example: str) -> None:
        st.session_state["passage"] = example
        on_change()

    with st.container(horizontal=True):
        for label, example in examples.items():
            st.button(label, on_click=choose, args=(example,))
    most = settings.now().max_text
    text = link.text_area(
        "Text",
        default,
        key="passage",
        on_change=on_change,
        help="Ctrl + Enter, or a click elsewhere, reads it. "
        f"Its first {most:,} characters are used.",
    )
    return within(text, most)


def passage_ids(
    layer: detok.Layer,
    text: str,
    default: str,
    first: int | None = None,
    most: int = texts.MAX_TOKENS,
) -> list[int]:
    """The token ids of a text, or of the default for one that the model cannot take.

    At most `most`, and as many as the model has positions; what is not used of a text is said.
    """
    try:
        ids, n_cut = texts.tokens_of(layer, text, first)
    except detok.InputError as error:
        output.mistake(error)
        ids, n_cut = texts.tokens_of(layer, default, first)
        st.info(f"Shown instead: “{default}”")
    why = "the model has positions"
    if len(ids) > most:
        ids, n_cut, why = ids[:most], n_cut + len(ids) - most, "this page takes"
    if n_cut:
        st.info(f"Used: the first {len(ids):,} of {len(ids) + n_cut:,} tokens, as many as {why}.")
    return ids
