"""Texts out of files: paragraphs, JSON lines, and what is neither."""

import json

import pytest

from detok import InputError
from detok.app.texts import texts_of


def test_paragraphs_stand_between_empty_lines() -> None:
    data = "\ufeffOne,\r\nstill one.\r\n \t\r\n\r\nTwo é.\n\n\n".encode()
    assert texts_of("a.txt", data) == ["One,\nstill one.", "Two é."]


def test_lines_are_strings_or_objects_with_a_text() -> None:
    lines = [json.dumps("a\u2028b"), '{"text": "c", "id": 3}', "", '""', "  "]
    assert texts_of("A.JSONL", "\r\n".join(lines).encode()) == ["a\u2028b", "c"]
    assert texts_of("a.txt", b'{"text": "c"}') == ['{"text": "c"}']


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.txt", b"ab\xff", "a.txt is not UTF-8 .byte 2 is 0xff"),
        ("a.txt", b" \n\n", "a.txt holds no text"),
        ("a.jsonl", b"", "a.jsonl holds no text"),
        ("a.jsonl", b'"x"\n{"text": "c"', "line 2 of a.jsonl is not JSON"),
        ("a.jsonl", b"3", "line 1 of a.jsonl holds no text"),
        ("a.jsonl", b'{"texts": "c"}', 'line 1 of a.jsonl holds no text; .* key "text"'),
        ("a.jsonl", b"[" * 100_000, "line 1 of a.jsonl is not JSON"),
    ],
)
def test_refused_files(name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        texts_of(name, data)
