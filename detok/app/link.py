"""The address of a page says what a visitor chose on it: it can be sent, and Back undoes a choice.

Streamlit's own `bind="query-params"` cannot be used for that. Its browser side replaces the entry
of the history on every choice, so that Back leaves the page; a value bound on one page is taken out
of links to the next; `st.switch_page` refuses such values; and one that does not fit is dropped in
silence. Here the server writes the address, which adds an entry to the history, once for all that
one act has changed, before the page is drawn again.

A choice that is the default of its widget is not in the address. Those in `TRAVELS` go along to
other pages.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from detok.app.output import escaped

T = TypeVar("T")

TRAVELS = ("head", "text", "token", "passage")
# What is in every address of a visit, default or not.
FIXED = ("model", "counts")
# Servers and browsers between here and a friend may refuse longer addresses.
MAX_IN_LINK = 1500
# A run may begin with an address from before the last choice for as long as a message takes.
ON_THE_WAY_S = 2.0
# Ways to other pages that are remembered for a step back to them.
MAX_STRAYS = 100


@dataclass
class _Choice:
    value: Any
    default: Any

    @property
    def text(self) -> str | None:
        """How the address has it."""
        return None if self.value == self.default else said(self.value)


@dataclass
class _Visit:
    """What the address of the shown page says, and what goes along from page to page."""

    page: str = ""
    written: dict[str, str] | None = None  # the address, as far as it is known here
    earlier: list[tuple[float, dict[str, str]]] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)  # of the address, not yet by a widget
    choices: dict[str, _Choice] = field(default_factory=dict)
    travels: dict[str, str] = field(default_factory=dict)
    left: dict[str, dict[str, str]] = field(default_factory=dict)  # the address of each page
    # Streamlit leaves an entry in the history on the way to another page: the page that is left,
    # with the address of the other. What it ought to be is here.
    strays: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    notices: DeltaGenerator | None = None
    made: set[str] = field(default_factory=set)  # the widgets of this run, by key
    made_before: set[str] = field(default_factory=set)  # and of the last one


def _visit() -> _Visit:
    return st.session_state.setdefault("visit", _Visit())


def said(value: object) -> str | None:
    """A value as it is written in an address, a list with commas; None for nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return None if value is None else str(value)


def begin(page: str) -> bool:
    """Reads the address, or writes into it what was chosen; tells whether it was just opened.

    It was if it is not as this session wrote it: a link, another page, a step back or forward.
    """
    visit, address = _visit(), st.query_params.to_dict()
    is_back = get_script_run_ctx().is_history_navigation
    is_first, is_other = visit.written is None, page != visit.page
    now = time.monotonic()
    visit.earlier = [(at, then) for at, then in visit.earlier if now - at < ON_THE_WAY_S]
    known = [visit.written, *(then for _, then in visit.earlier)]
    is_opened = is_first or is_other or is_back or address not in known
    if is_back and (page, str(address)) in visit.strays:
        address = visit.strays[page, str(address)]
        st.query_params.from_dict(address)
    if is_opened:
        if is_first or is_back:
            visit.travels = {k: text for k, text in visit.travels.items() if _is_long(text)}
        if address.get("text", visit.travels.get("text")) != visit.travels.get("text"):
            visit.travels.pop("token", None)  # of another text
        visit.travels |= {key: address[key] for key in TRAVELS if key in address}
        visit.page, visit.written, visit.earlier = page, address, []
        visit.asked, visit.choices = visit.travels | address, {}
        visit.left[page] = address
    else:
        _take()
        _write()
    visit.notices = st.container()
    visit.made_before, visit.made = visit.made, set()
    return is_opened


def _take() -> None:
    """Takes over what widgets and their callbacks have changed since the page was drawn."""
    visit = _visit()
    for key, choice in visit.choices.items():
        value = st.session_state.get(key, choice.value)
        if value != choice.value and key in TRAVELS:
            text = said(value)
            visit.travels.pop(key, None)
            visit.travels |= {} if text is None else {key: text}
        choice.value = value


def _address() -> dict[str, str]:
    visit = _visit()
    chosen = {key: choice.text for key, choice in visit.choices.items()}
    texts = {key: text for key, text in chosen.items() if text is not None} | visit.asked
    return {key: text for key, text in texts.items() if not _is_long(text)}


def _is_long(text: str) -> bool:
    return len(text) > MAX_IN_LINK


def _write() -> None:
    visit, address = _visit(), _address()
    visit.left[visit.page] = address
    if address == st.query_params.to_dict():
        visit.earlier = []
        return
    visit.earlier.append((time.monotonic(), st.query_params.to_dict()))
    visit.written = address
    st.query_params.from_dict(address)


def fix(key: str, text: str) -> None:
    """Has a value in the address whether or not it is a default."""
    visit = _visit()
    visit.asked[key] = text
    if st.query_params.get(key) != text:
        _write()


def unfix(key: str) -> None:
    """Takes it out of the address again."""
    if _visit().asked.pop(key, None) is not None:
        _write()


def ask(choices: dict[str, str]) -> None:
    """Chooses on the page that is shown, from within a callback, as a link to it would."""
    visit = _visit()
    _take()
    for key in choices:
        visit.choices.pop(key, None)
    visit.asked |= choices
    visit.travels |= {key: text for key, text in choices.items() if key in TRAVELS}


def forget(*keys: str) -> None:
    """The callback that takes choices back which mean nothing any more."""
    visit = _visit()
    for key in keys:
        visit.choices.pop(key, None)
        visit.travels.pop(key, None)


def leave(page: str, choices: dict[str, str]) -> dict[str, str]:
    """The address of a page that `st.switch_page` is about to go to."""
    _take()
    visit, address = _visit(), leading(page, choices)
    visit.strays[visit.page, str(address)] = st.query_params.to_dict()
    if len(visit.strays) > MAX_STRAYS:
        del visit.strays[next(iter(visit.strays))]
    return address


def leading(page: str, choices: dict[str, str]) -> dict[str, str]:
    """The address of a page with what goes along and these choices; without any, as it was left."""
    visit = _visit()
    left = {} if choices else visit.left.get(page, {})
    left = {key: text for key, text in left.items() if key not in (*TRAVELS, *FIXED)}
    travels = dict(visit.travels)
    if "text" in choices:
        travels.pop("token", None)  # of another text
    if travels.get("head") == "all":
        del travels["head"]  # which not every page has; it goes along without a word
    along = {key: text for key, text in travels.items() if not _is_long(text)}
    fixed = {key: visit.asked[key] for key in FIXED if key in visit.asked}
    return left | along | fixed | choices


def shown() -> str:
    """The name of the page that is shown."""
    return _visit().page


def is_default() -> bool:
    """Whether nothing on the shown page is other than it is at first."""
    return not _address().keys() - set(FIXED)


def reset() -> None:
    """The callback that puts everything on the page back to its default, but for the model."""
    visit = _visit()
    for key, choice in visit.choices.items():
        st.session_state[key] = choice.value = choice.default
    visit.asked = {key: text for key, text in visit.asked.items() if key in FIXED}
    visit.travels = {}


def chosen(
    label: str,
    key: str,
    default: T,
    read: Callable[[str], T],
    show: Callable[[T], str | None] = said,
) -> T:
    """The value of the widget of this key that is made next, which the session's state then has.

    `read` turns a text into a value, and raises a ValueError that says what was expected: a link,
    or the model before, may have one that does not fit. It is named then, and is the default.
    """
    visit, state = _visit(), st.session_state
    before, text = visit.choices.get(key), visit.asked.pop(key, None)
    value, is_refused = default, False
    if before is not None and text is None:
        value = state.get(key, before.value)
        value = default if value == before.default else value
        text = said(value)
    if text is not None:
        try:
            value = read(text)
        except ValueError as error:
            value, is_refused = default, True
            shown = show(default) or "nothing"
            sentence = (
                f"“{text:.40}” cannot be used for “{label}”: {error}. Shown instead: {shown}."
            )
            (visit.notices or st).warning(escaped(sentence))
    # What another page has under this key is not what a widget of this one will have; nor is what
    # the state still has after a run that ended before it came to this widget.
    if before is None or key not in visit.made_before or state.get(key) != value:
        state[key] = value
    visit.made.add(key)
    visit.choices[key] = _Choice(value, default)
    if is_refused:
        _write()
    return value


def selectbox(
    label: str,
    options: Sequence[T],
    index: int | None = 0,
    *,
    key: str,
    read: Callable[[str], T] | None = None,
    **more: Any,
) -> T | None:
    """`st.selectbox`, whose choice is in the address as `str` has it.

    With `read`, other values than the options can be asked for.
    """
    values = {str(option): option for option in options}

    def one_of(text: str) -> T:
        if text not in values:
            raise ValueError(f"expected {_listed(list(values))}")
        return values[text]

    default = None if index is None or not options else options[index]
    chosen(label, key, default, read or one_of)
    return st.selectbox(label, options, index, key=key, **more)


def _listed(names: list[str]) -> str:
    if len(names) > 6:
        names = [*names[:2], "…", names[-1]]
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def _within(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ValueError(f"expected a whole number from {least:,} to {most:,}")
        return value

    return read


def number_input(
    label: str, least: int, most: int, value: int | None, *, key: str, **more: Any
) -> int | None:
    """`st.number_input` of whole numbers, whose value is in the address."""
    chosen(label, key, value, _within(least, most))
    return st.number_input(label, least, most, value, key=key, **more)


def slider(label: str, least: int, most: int, value: int, *, key: str, **more: Any) -> int:
    """`st.slider` of whole numbers, whose value is in the address."""
    chosen(label, key, value, _within(least, most))
    return st.slider(label, least, most, value, key=key, **more)


def toggle(label: str, value: bool = False, *, key: str, **more: Any) -> bool:
    """`st.toggle`, which is in the address as "true" or "false"."""

    def read(text: str) -> bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("expected true or false")
        return text.lower() == "true"

    chosen(label, key, value, read)
    return st.toggle(label, value, key=key, **more)


def text_input(label: str, value: str = "", *, key: str, **more: Any) -> str:
    """`st.text_input`, whose text is in the address."""
    chosen(label, key, value, str)
    return st.text_input(label, value, key=key, **more)


def text_area(label: str, value: str = "", *, key: str, **more: Any) -> str:
    """`st.text_area`, whose text is in the address unless it has more than MAX_IN_LINK characters.

    A longer one is said not to be, and is kept while this visitor stays.
    """
    chosen(label, key, value, str)
    text = st.text_area(label, value, key=key, **more)
    if _is_long(text):
        st.info(
            f"A text of more than {MAX_IN_LINK:,} characters is not in the link; everything else "
            "that you choose is."
        )
    return text
