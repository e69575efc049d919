"""Whatever a visitor sends to a page, it is answered in sentences, and nothing else comes of it.

More than 300 values for the links and the widgets of every page.
"""

import re
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from huggingface_hub import constants
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

import detok
from detok.model.known import KNOWN
from tests.support import hostile, watch
from tests.support.pages import PAGES, ROOT, finish, run, succeed, texts

# Values sent to the widgets of a page.
MANY = 320
# Fields of what is sent to a browser that it reads as Markdown, or as HTML.
MARKED_UP = {"body", "label", "help", "content", "placeholder", "caption", "text"}
# The signs of a visitor's text without what takes their meaning from them.
MARKUP = re.compile(
    r"https?\\?://evil|www\\?\.evil|\w@evil|(?<!\\)<(?:script>alert|img)|(?<!\\)!\\?\["
    # A chip of one letter is our own.
    r"|(?<!\\)(?<!-background)\[[ax]\\?\]"
    r"|(?<!\\)\*\*b\*\*|(?<!\\)\$\\+href|(?<!\\):red\["
)


def strings(message: Message) -> Iterator[str]:
    """All texts that are read as markup in what was sent of an element."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in value if isinstance(value, Iterable) else [value]:
                if isinstance(one, Message):
                    yield from strings(one)
        elif field.type == field.TYPE_STRING and field.name in MARKED_UP:
            yield from [value] if isinstance(value, str) else value


def elements(test: AppTest) -> Iterator[Any]:
    for element in test._tree:
        # Code, and what is in a field, is shown as it is.
        if getattr(element, "type", "") not in ("code", "text"):
            yield element


def check(test: AppTest, what: object) -> None:
    """No exception, and no markup but our own."""
    assert not test.exception, (what, test.exception)
    for element in elements(test):
        if isinstance(proto := getattr(element, "proto", None), Message):
            for text in strings(proto):
                assert not MARKUP.search(text), (what, element.type, text)


@pytest.fixture
def watched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path
) -> Iterator[list[str]]:
    """Watches what is opened; gives the models that were asked of the hub."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("DETOK_CACHE", str(cache))
    asked: list[str] = []

    def fetch(model: str, *_: object, **__: object) -> Path:
        asked.append(model)
        raise detok.InputError("there is no network; expected one")

    monkeypatch.setattr(detok, "fetch", fetch)
    monkeypatch.setattr(hostile, "TEXTS", [*hostile.TEXTS, str(checkpoint), str(tmp_path)])
    with watch.watching() as heard:
        yield asked
    allowed = [ROOT, sys.prefix, sys.base_prefix, cache, constants.HF_HOME, "/proc", "/sys", "/dev"]
    allowed += [Path.home() / ".streamlit"]  # where the operator's settings may be
    opened = [Path(path) for path in watch.files(heard)]
    places = [Path(place).resolve() for place in allowed]
    strange = [path for path in opened if not any(map(path.is_relative_to, places))]
    assert not strange
    assert not watch.others(heard)
    assert set(asked) <= KNOWN.keys()


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Where clicks lead to, by the address: AppTest knows no other pages within a callback."""
    to: dict[str, dict[str, str]] = {}

    def switch_page(path: str, query_params: dict[str, str]) -> None:
        to[f"{path} {query_params}"] = {"page": path, **query_params}

    monkeypatch.setattr("streamlit.switch_page", switch_page)
    return to


@pytest.mark.parametrize("page", PAGES)
def test_values_that_no_widget_has(
    page: str, watched: list[str], led: dict[str, dict[str, str]]
) -> None:
    test, n = run(page), 0
    values = list(enumerate(hostile.values()))
    # Of a page with many widgets not every value is sent to all; each page has other ones.
    step = max(1, len(values) * hostile.n_widgets(test) // MANY)
    for value, put in values[PAGES.index(page) % step :: step]:
        n += hostile.n_widgets(test)
        check(hostile.send(test, put), value)
    assert n >= 300
    for address in [*led.values()][:10]:
        check(run(**address), address)


@pytest.mark.parametrize("page", PAGES)
def test_links_that_no_page_has_made(page: str, watched: list[str]) -> None:
    keys = sorted({*run(page).session_state["visit"].choices, "model", "head", "text", "nothing"})
    many = len(hostile.TEXTS)
    for turn in range(0, many, 3):  # each key has another text, and each text comes three times
        address = {key: hostile.TEXTS[(turn + n) % many] for n, key in enumerate(keys)}
        test = run(page, **address)
        check(test, address)
        assert test.query_params["model"] == "mini"


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "1e309", "NaN", "1e400", "9" * 5000])
def test_numbers_that_are_none(number: str) -> None:
    test = run("pages/1_Token_affinity.py", k=number, sample=number, at_i=number)
    assert texts(test).count("cannot be used for") == 3
    assert "k" not in test.query_params
    assert (
        test.number_input(key="k").value == run("pages/1_Token_affinity.py").number_input("k").value
    )


def test_the_model_of_a_folder_is_not_opened_by_any_widget(checkpoint: Path) -> None:
    test = run("pages/3_LayerNorm_variance.py")
    states = WidgetStates()
    states.widgets.add(id=test.selectbox(key="model").proto.id, string_value=str(checkpoint))
    succeed(test._run(states))
    assert test.selectbox(key="model").value == "mini"
    assert test.query_params["model"] == "mini"


FILES = {
    "a.txt": [b"", b"\x00" * 1000, b"\xff\xfe\x00", b"ab\n\n" * 50_000, b"x" * 400_000],
    "b.jsonl": [
        b"[" * 100_000,
        b'{"text": 1}',
        b"1" * 10_000,
        b"null",
        b'"' + b"\\ud800" * 9 + b'"',
    ],
    "../../c.txt": [b"<script>alert(1)</script> https://evil.example"],
    "**b**<img src=x>.jsonl": [b"{", b'{"text": "<script>alert(1)</script>"}'],
}


@pytest.mark.parametrize(("name", "data"), [(n, data) for n, of in FILES.items() for data in of])
def test_files_that_are_no_texts(name: str, data: bytes, watched: list[str]) -> None:
    test = run("pages/4_Six-term_contributions.py")
    test.file_uploader[0].set_value((name, data, "text/plain"))
    check(test.run(), name)
    (button,) = [b for b in test.button if b.label == "Average over them"]
    check(finish(succeed(button.click().run())), name)


def test_what_is_opened_is_seen(tmp_path: Path) -> None:
    """The tests above see what they are to forbid."""
    (tmp_path / "a").write_text("")
    with watch.watching() as heard, socket.socket() as other:
        with pytest.raises(OSError, match="refused"):
            other.connect(("127.0.0.1", 9))
        (tmp_path / "link").symlink_to("a")
        (tmp_path / "link").read_text()
    assert str(tmp_path.resolve() / "a") in watch.files(heard)
    assert "socket.connect" in dict(watch.others(heard))


@pytest.mark.parametrize("text", [hostile.MARKUP, "www.evil.example", "a@evil.example", "**b**"])
def test_markup_is_seen(text: str) -> None:
    def script(text: str) -> None:
        import streamlit as st

        from detok.app.output import escaped

        st.info(escaped(text))
        st.warning(text)

    test = AppTest.from_function(script, args=(text,)).run()
    info, warning = test.info[0].proto, test.warning[0].proto
    assert not any(MARKUP.search(shown) for shown in strings(info))
    assert any(MARKUP.search(shown) for shown in strings(warning))
