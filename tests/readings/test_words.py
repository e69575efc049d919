"""The words for a layer say what is true of it."""

from dataclasses import replace

import pytest

import detok
from detok.readings import words


@pytest.mark.parametrize(
    ("scale", "said"),
    [(8**0.5, "divided by sqrt(d_head)"), (1.0, "undivided"), (2.5, "divided by 2.5")],
)
def test_what_softmax_divides_by(layer: detok.Layer, scale: float, said: str) -> None:
    assert layer.d_head == 8
    assert words.divided(replace(layer, first=replace(layer.first, scale=scale))) == said


def test_what_is_seen(layer: detok.Layer, both_ways: detok.Layer) -> None:
    assert words.words_for(layer).seen == "past"
    said = vars(words.words_for(both_ways)).values()
    assert not any("past" in text or "earlier" in text for text in said)


def test_what_keeps_attention_from_following_scores(rotary: detok.RotaryLayer) -> None:
    said = words.limits(rotary)
    assert ("tanh" in said) == (rotary.first.soft_cap is not None)
    assert ("A token sees the last" in said) == (rotary.first.window is not None)


def test_one_is_not_said_in_the_plural() -> None:
    assert words.amount(1, "token") == "1 token"
    assert words.amount(0, "token") == "0 tokens"
    assert words.amount(1200, "different predecessor") == "1,200 different predecessors"
