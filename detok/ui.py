"""What all pages share: page set-up, the model picker, notices, downloads."""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import altair as alt
import pandas as pd
import streamlit as st

import detok
from detok import cached, export
from detok.counts import Counts
from detok.source import BUNDLED

# The size of what is downloaded, not of what stays in memory: only the first layer does.
HUB_MODELS = {
    "gpt2": "0.5 GB",
    "distilgpt2": "0.4 GB",
    "gpt2-medium": "1.5 GB",
    "gpt2-large": "3.2 GB",
    "gpt2-xl": "6.4 GB",
}
# What is typed for a visitor who comes without a link.
EXAMPLE_TEXT = " tranquil"
EXAMPLES = [
    (" tranquil", "a word of two pieces for mini: which head wants the first before the second?"),
    (" unfit and rained", "more words that mini cuts in two"),
    ("Libertarian", "the paper's word: “Liber” + “tarian” for GPT-2, smaller pieces for mini"),
    ("Homo sapiens", "the paper's first example, for GPT-2: “ sap” + “iens”"),
]
MAX_PIECES = 24  # of a typed text
# Servers and browsers between here and a friend may refuse longer addresses.
MAX_IN_LINK = 1500


def page(title: str) -> detok.Layer:
    """Sets up a page and its sidebar, and returns the layer of the model that the visitor chose."""
    st.set_page_config(page_title=f"{title} · detok", page_icon="🧩", layout="wide")
    default = os.environ.get("DETOK_MODEL", "mini")
    options = list(dict.fromkeys([default, *BUNDLED, *HUB_MODELS]))
    # A model that could not be loaded is taken back before its widget is made again.
    if "refused" in st.session_state:
        model, reason, current = st.session_state.pop("refused")
        st.session_state["model"] = current
        st.error(
            f"**{_escaped(model)} could not be loaded:** {_escaped(reason)}. "
            f"Still showing **{_escaped(current)}**."
        )
    asked = st.query_params.get("model", default)
    if asked not in options:
        models = ", ".join(options)
        st.warning(_escaped(f"The link asks for {asked!r}; the models here are {models}."))
    model = st.sidebar.selectbox("Model", options, key="model", bind="query-params")
    sizes = ", ".join(f"{name} {size}" for name, size in HUB_MODELS.items())
    st.sidebar.caption(f"mini is bundled: a small GPT-2. Downloaded once, when chosen: {sizes}.")
    layer = _load_or_refuse(model, default)
    st.session_state["current_model"] = model
    st.title(title)
    return layer


def _load_or_refuse(model: str, default: str) -> detok.Layer:
    try:
        with st.spinner(f"Loading {model} …"):
            return cached.load_layer(model)
    except detok.InputError as error:
        current = st.session_state.get("current_model", default if model != default else "mini")
        if current == model:
            st.error(f"**{_escaped(model)} could not be loaded:** {_escaped(str(error))}.")
            st.stop()
        st.session_state["refused"] = (model, str(error), current)
        st.rerun()


@contextmanager
def mistakes() -> Iterator[None]:
    """Shows the sentence of an `InputError` in place of what could not be computed."""
    try:
        yield
    except detok.InputError as error:
        mistake(error)


def mistake(error: detok.InputError) -> None:
    """The sentence of an error, for the visitor to mend it."""
    sentence = str(error)
    st.error(_escaped(f"{sentence[:1].upper()}{sentence[1:]}."))


def keep_within(key: str, largest: int) -> None:
    """Forgets a widget's value that a shorter text has put out of its range."""
    value = st.session_state.get(key)
    if value is not None and value > largest:
        del st.session_state[key]


def current_position(layer: detok.Layer) -> int:
    """The slider of the current position i, which begins in the middle."""
    last = layer.n_positions - 1
    middle = layer.n_positions // 2
    return st.slider("Current position i", 0, last, middle, key="i", bind="query-params")


def token_choice(layer: detok.Layer) -> tuple[list[int], int | None]:
    """A text and one of its tokens, or of those that match it: the text's pieces, and the token.

    Without a text there is no token. Of a long text, only the first MAX_PIECES pieces are used.
    """
    vocabulary = layer.tokenizer

    def choose_last_piece() -> None:
        """Typing a new text chooses its last piece, whatever token was chosen before."""
        pieces = vocabulary.encode(st.session_state["text"])[:MAX_PIECES]
        st.session_state["token"] = pieces[-1] if pieces else None

    text = st.text_input(
        "Word or text",
        EXAMPLE_TEXT,
        key="text",
        bind="query-params",
        max_chars=200,
        on_change=choose_last_piece,
        help="Spaces count: type one before a word to get the token it has inside a sentence.",
    )
    pieces = vocabulary.encode(text)[:MAX_PIECES]
    options = list(dict.fromkeys([*pieces, *vocabulary.search(text)]))
    token = st.selectbox(
        "Token",
        options,
        index=options.index(pieces[-1]) if pieces else None,
        format_func=lambda t: f"{vocabulary.show(t)}  #{t}",
        key="token",
        bind="query-params",
        placeholder="type something first",
        help="The pieces of your text, then tokens of the vocabulary that match it (at most 50).",
    )
    return pieces, token


def is_dark() -> bool:
    """Whether the visitor's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def chart(figure: alt.TopLevelMixin, width: Literal["stretch", "content"] | None = None) -> None:
    """An Altair chart as wide as the page; one of several panels keeps its own width."""
    own = "content" if isinstance(figure, alt.FacetChart) else "stretch"
    st.altair_chart(figure, width=width or own)


def reading(sentence: str) -> None:
    """The sentence under a figure, with what could be taken for Markdown left as it is."""
    st.caption(_escaped(sentence))


def answer(sentence: str) -> None:
    """The result in a sentence, which is on the screen before tables and charts can be drawn."""
    st.markdown(_escaped(sentence))


def download(table: pd.DataFrame, name: str, layer: detok.Layer, when_asked: bool = False) -> None:
    """A button that downloads a table as CSV, with the model and its revision in every row.

    A large one is to be written only `when_asked` for: writing it every time would be slow.
    """

    def write() -> bytes:
        marked = table.assign(model=layer.name, revision=layer.source.revision or "")
        return marked.to_csv(index=False).encode()

    csv = write if when_asked else write()
    file_name = f"detok-{layer.name.replace('/', '-')}-{name}.csv"
    st.download_button("Download CSV", csv, file_name, "text/csv", key=f"download-{name}")


def counts_notice(counts: Counts | None) -> None:
    """Which counts a page uses, and how to use other ones; without any, how to make some."""
    model = st.session_state.get("current_model", "mini")
    refused = cached.refused_counts(model)
    if refused:
        st.warning(_escaped(f"Counts that are not used: {refused}."))
    name = shlex.quote(model)
    command = f"python -m detok count --tokenizer {name} --out counts.parquet FOLDER"
    how = f"`{command}` counts your own texts, and `DETOK_COUNTS=counts.parquet` makes the app use"
    if counts is None:
        st.info(f"There are no token counts for this model's tokenizer yet. {how} them.")
        return
    pairs = f"; pairs seen at least {counts.min_count} times" if counts.min_count > 1 else ""
    note = counts.provenance.get("note", "")
    used = f"Counts: {counts.tokens.sum():,} tokens of {counts.origin}{pairs}. {note}"
    st.caption(f"{_escaped(used.strip())} For other ones, {how[:1].lower()}{how[1:]} them.")


def numbers(
    table: pd.DataFrame, name: str, layer: detok.Layer, unit: str, ids: list[int] | None = None
) -> None:
    """Buttons that download a table of a text's terms as CSV and JSON, made on a click."""
    file_name = f"detok-{layer.name.replace('/', '-')}-{name}"
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: export.as_csv(table, layer, unit),
            f"{file_name}.csv",
            "text/csv",
            key=f"csv-{name}",
        )
        st.download_button(
            "Download JSON",
            lambda: export.as_json(table, layer, unit, ids),
            f"{file_name}.json",
            "application/json",
            key=f"json-{name}",
        )


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


def facts(values: dict[str, str]) -> None:
    """A row of small named values."""
    with st.container(horizontal=True, gap="large"):
        for name, value in values.items():
            st.metric(name, value, width="content")


def chips(pieces: list[str], chosen: list[bool]) -> None:
    """Pieces of a text as a row of chips, the chosen ones in colour."""
    marks = [
        f":{'blue' if is_chosen else 'gray'}-badge[{_escaped(piece)}]"
        for piece, is_chosen in zip(pieces, chosen, strict=True)
    ]
    st.markdown(" ".join(marks))


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~$:^" else c for c in text)
