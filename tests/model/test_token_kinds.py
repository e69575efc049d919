"""The kinds of tokens, by examples, and of a whole vocabulary."""

from dataclasses import replace

import pytest
import torch

import detok
from detok.model.token_kinds import (
    CONTINUES,
    ENDS,
    NUMBER,
    OPEN,
    OTHER,
    PUNCTUATION,
    STARTS,
    TOKEN_KINDS,
    kinds_at,
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


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        *[("tarian ", ENDS), ("'s ", ENDS), ("liber", OPEN), ("é", OPEN), (" the", OTHER)],
        *[("42 ", NUMBER), ("42", NUMBER), (", ", PUNCTUATION), ("( ", PUNCTUATION)],
        *[(" ", OTHER), ("a1 ", OTHER), ("the  ", OTHER)],
    ],
)
def test_kinds_where_the_space_ends_a_word(token: str, kind: str) -> None:
    assert token_kind(token.encode(), "end") == kind
    assert kind in kinds_at("end")


def test_a_byte_that_is_no_text_is_other() -> None:
    assert token_kind(b"\xe2\x80") == OTHER


def test_every_kind_is_in_the_bundled_vocabulary() -> None:
    layer = detok.load("mini")
    kinds = token_kinds(layer)
    assert kinds.shape == (layer.vocab_size,)
    assert set(kinds) == set(TOKEN_KINDS)
    assert kinds[layer.tokenizer.id_of("<|endoftext|>")] == OTHER
    assert kinds[layer.tokenizer.id_of(" the")] == STARTS


def test_ids_that_the_tokenizer_does_not_have_are_other(layer: detok.Layer) -> None:
    padded = replace(layer, W_E=torch.cat([layer.W_E, layer.W_E[:3]]))
    assert set(token_kinds(padded)[layer.vocab_size :]) == {OTHER}
