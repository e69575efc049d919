"""What a visitor sees: charts, sentences, facts and notices."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

import detok
from detok.app import log
from detok.app.folders import untold

# How an address begins that browsers would make a link of; of one of e-mail, where it goes on.
_ADDRESS = re.compile(r"(https?(?=://)|www(?=\.)|(?=@))", re.IGNORECASE)


@contextmanager
def mistakes() -> Iterator[None]:
    """Shows the sentence of an `InputError` in place of what could not be computed."""
    try:
        yield
    except detok.InputError as error:
        mistake(error)


def mistake(error: detok.InputError) -> None:
    """The sentence of an error, for the visitor to mend it."""
    log.refused(error)
    sentence = untold(str(error))
    st.error(escaped(f"{sentence[:1].upper()}{sentence[1:]}."))


def is_dark() -> bool:
    """Whether the visitor's browser shows the dark theme."""
    return st.context.theme.type == "dark"


def reading(sentence: str) -> None:
    """The sentence under a figure, in full ink: it is what the figure shows."""
    st.markdown(escaped(sentence))


def answer(sentence: str) -> None:
    """The result in a sentence, which is on the screen before tables and charts can be drawn."""
    st.markdown(escaped(sentence))


def facts(values: dict[str, str]) -> None:
    """A row of small named values."""
    with st.container(horizontal=True, gap="large"):
        for name, value in values.items():
            st.metric(name, value, width="content")


def escaped(text: str) -> str:
    """A text as Markdown that shows it as it is; no address in it is a link.

    Markdown's own signs do not keep an address from being one: a sign without width in it does.
    """
    text = _ADDRESS.sub("\\1\N{WORD JOINER}", text)
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~$:^" else c for c in text)
