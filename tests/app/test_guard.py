"""What a visitor cannot do to a server, whatever is sent to it."""

import re
import urllib.request
from collections.abc import Iterator
from itertools import count
from unittest.mock import Mock

import pytest
import streamlit as st
from google.protobuf.json_format import ParseDict
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import WStates
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from websockets.exceptions import ConnectionClosed

from benchmarks import browser, visitor
from detok.app import guard


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browser.server(DETOK_CACHE=str(tmp_path_factory.mktemp("cache"))) as running:
        yield running


def kept(address: str) -> set[str]:
    """The caches of all visitors that hold something: asked once, the server keeps its answer."""
    with urllib.request.urlopen(f"{address}/_stcore/metrics") as answer:
        return set(re.findall(r'"st_cache_resource",cache="([^"]+)"', answer.read().decode()))


def test_nobody_empties_the_caches_of_a_server(address: str) -> None:
    with visitor.visitor(address) as first, visitor.visitor(address) as second:
        visitor.run(first)
        visitor.send(second, BackMsg(clear_cache=True))
        visitor.send(second, BackMsg(load_git_info=True))
        visitor.send(second, BackMsg(app_heartbeat=True))
        sent = visitor.answer(second, "heartbeat_ack")  # messages are answered in their order
        assert not any(message.WhichOneof("type") == "git_info_changed" for message in sent)
        assert "detok.app.models.here" in kept(address)


STATES = {
    "a page that is none": {"page_script_hash": "../../etc/passwd", "page_name": "/etc/passwd"},
    "a query of bytes": {"query_string": "model=%00%ff&text=%ed%a0%80&=&&&%"},
    "a query of many": {"query_string": "&".join(f"k{n}=1e309" for n in range(20_000))},
    "the same key often": {"query_string": "&".join(["head=1"] * 20_000)},
    "messages that are none": {"cached_message_hashes": ["x"] * 10_000},
    "a way back": {"query_string": "head=x", "is_history_navigation": True},
    "a zone that is none": {
        "context_info": {"timezone": "../../etc/passwd", "url": "javascript:alert(1)"}
    },
    "a language that is none": {"context_info": {"locale": "<b>", "color_scheme": "x"}},
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_page_answers_whatever_state_a_browser_claims(
    address: str, state: dict[str, object]
) -> None:
    with visitor.visitor(address) as connection:
        visitor.run(connection)
        message = BackMsg()
        ParseDict(state, message.rerun_script)
        visitor.send(connection, message)
        sent = visitor.answer(connection, "script_finished")
        assert not [m for m in sent if m.delta.new_element.HasField("exception")]
        ended = visitor.run(connection)[-1]
        assert ended.script_finished == ended.FINISHED_SUCCESSFULLY


def test_a_part_of_a_page_that_is_none_is_passed_over(address: str) -> None:
    message = BackMsg()
    message.rerun_script.fragment_id = "x" * 10_000
    with visitor.visitor(address) as connection:
        visitor.run(connection)
        visitor.send(connection, message)
        sent = visitor.run(connection)
        assert not [m for m in sent if m.delta.new_element.HasField("exception")]


def test_who_sends_more_than_a_page_reads_is_cut_off(address: str) -> None:
    message = BackMsg()
    message.rerun_script.widget_states.widgets.add(id="x", string_value="x" * 6_000_000)
    with visitor.visitor(address) as connection, visitor.visitor(address) as other:
        visitor.send(connection, message)
        with pytest.raises(ConnectionClosed, match="1009"):
            visitor.answer(connection, "script_finished")
        visitor.run(other)


def test_it_is_streamlit_that_would_empty_them() -> None:
    """What is overridden is still what it was written against."""
    numbers = count()
    number = st.cache_resource(lambda: next(numbers), max_entries=1)
    session = Mock()
    session._handle_clear_cache_request = lambda: AppSession._handle_clear_cache_request(session)
    assert number() == 0
    AppSession.handle_backmsg(session, BackMsg(clear_cache=True))
    assert number() == 0
    AppSession.handle_backmsg.__wrapped__(session, BackMsg(clear_cache=True))
    assert number() == 1


def test_a_page_asks_for_as_many_uploads_as_it_has() -> None:
    session = Mock()
    for n in (1, guard.FILES_OF_ONE, guard.FILES_OF_ONE + 1, 10**5):
        message = BackMsg()
        message.file_urls_request.file_names.extend(["a.txt"] * n)
        AppSession.handle_backmsg(session, message)
    assert session._handle_file_urls_request.call_count == 2


@pytest.mark.parametrize(
    ("field", "sent", "read"),
    [
        ("double_value", 3.0, 3),
        ("int_value", 3, 3),  # as a browser sends it
        ("double_value", float("inf"), 7),  # which int() cannot take
        ("double_value", float("nan"), 7),
        ("string_value", "3", 7),
        ("bool_value", True, 7),
        ("json_value", "{", 7),
        (None, None, 7),
    ],
)
def test_a_widget_has_its_own_kind_of_value_or_its_default(
    field: str | None, sent: object, read: int
) -> None:
    states = WStates()

    def put(field: str | None, sent: object) -> None:
        state = WidgetState(id="number")
        if field is not None:
            setattr(state, field, sent)
        states.set_widget_from_proto(state)

    states.set_widget_metadata(
        WidgetMetadata(
            id="number",
            deserializer=lambda value: 7 if value is None else int(value),
            serializer=lambda value: value,
            value_type="double_value",
        )
    )
    put(field, sent)
    assert states["number"] == read
    put("double_value", 5.0)  # also after a field was emptied
    assert states["number"] == 5


def test_uploads_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BYTES_OF_ALL", 50)
    monkeypatch.setattr(guard, "FILES_OF_ONE", 2)
    manager = MemoryUploadedFileManager("/upload")

    def add(session: str, name: str, size: int) -> None:
        file = UploadedFileRec(name, name, "text/plain", b"x" * size)
        manager.add_file(session, file)

    def names() -> list[str]:
        return [name for files in manager.file_storage.values() for name in files]

    for n in range(5):
        add("one", f"one {n}", 1)
    assert names() == ["one 3", "one 4"]
    add("two", "two", 49)
    assert names() == ["one 4", "two"]
    add("three", "three", 48)
    assert names() == ["three"]
    add("four", "too large", 51)
    assert names() == ["too large"]  # which the server's own limit refuses
