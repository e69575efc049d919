"""What visitors have typed is shown as it is."""

import re

import pytest

from detok.app import output


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x",
        "HTTP://evil.example",
        "see www.evil.example",
        "a.b+c@evil.example",
        "mailto:a@evil.example",
        "[x](https://evil.example)",
        "<img src=https://evil.example>",
    ],
)
def test_an_address_is_shown_and_is_no_link(text: str) -> None:
    """Browsers make links of these, escaped or not; tests/browser has one that does."""
    escaped = output.escaped(text)
    assert not re.search(r"https?\\?:|www\\?\.|\w@", escaped, re.IGNORECASE)
    assert escaped.replace("\\", "").replace("\N{WORD JOINER}", "") == text


@pytest.mark.parametrize("text", ["www", " https", "://", "http", "a: b.", "e-mail", "10 %"])
def test_a_piece_of_an_address_is_left_as_it_is(text: str) -> None:
    assert output.escaped(text).replace("\\", "") == text
