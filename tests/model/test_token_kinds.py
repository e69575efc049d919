"""The kinds of tokens, by examples, and of a whole vocabulary."""

import pytest

import detok
from detok.model.token_kinds import (
    CONTINUES,
    NUMBER,
    OTHER,
    PUNCTUATION,
    STARTS,
    TOKEN_KINDS,
    token_kind,
    token_kinds,
)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("tarian", CONTINUES),
        ("'s", CONTINUES),
        ("é", CONTINUES),
        ("The", CONTINUES),
        (" the", STARTS),
        (" O'Brien", STARTS),
        (" 東京", STARTS),
        ("42", NUMBER),
        (" 1999", NUMBER),
        (",", PUNCTUATION),
        (" (", PUNCTUATION),
        ("..", PUNCTUATION),
        ("'", PUNCTUATION),
        (" —", PUNCTUATION),
        (" ", OTHER),
        ("", OTHER),
        ("\n", OTHER),
        ("  ", OTHER),
        ("\n\n,", OTHER),
        ("a1", OTHER),
        ("  the", OTHER),
        ("\u200b", OTHER),
    ],
)
def test_kinds_by_example(token: str, kind: str) -> None:
    assert token_kind(token.encode()) == kind


def test_a_byte_that_is_no_text_is_other() -> None:
    assert token_kind(b"\xe2\x80") == OTHER


def test_every_kind_is_in_the_bundled_vocabulary() -> None:
    layer = detok.load("mini")
    kinds = token_kinds(layer)
    assert set(kinds) == set(TOKEN_KINDS)
    assert kinds[layer.tokenizer.id_of("<|endoftext|>")] == OTHER
    assert kinds[layer.tokenizer.id_of(" the")] == STARTS
