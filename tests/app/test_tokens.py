"""One token, as a visitor names it."""

import pytest

import detok
from detok.app import tokens


def test_an_id_is_that_token_and_a_part_is_the_best_match() -> None:
    layer = detok.load("mini")
    assert tokens.named(layer, "#58") == 58
    assert tokens.named(layer, " #0 ") == 0
    part = layer.tokenizer.text(layer.tokenizer.encode(" the")[0]).strip()
    assert tokens.named(layer, part) == layer.tokenizer.search(part)[0]


def test_every_token_is_found_by_the_id_in_its_label() -> None:
    layer = detok.load("mini")
    for token in range(0, layer.vocab_size, 37):
        shown = tokens.label(layer, token)
        assert shown.startswith(layer.tokenizer.show(token))
        assert tokens.named(layer, shown[shown.rindex("#") :]) == token


@pytest.mark.parametrize("typed", ["", "   ", "\u2603 no such", "#x\u2603", "#" + "9" * 5000])
def test_what_is_no_token_gets_a_sentence(typed: str) -> None:
    layer = detok.load("mini")
    with pytest.raises(detok.InputError, match=rf"from #0 to #{layer.vocab_size - 1}"):
        tokens.named(layer, typed)


def test_an_id_that_the_model_has_not_gets_a_sentence() -> None:
    layer = detok.load("mini")
    with pytest.raises(detok.InputError, match="out of range"):
        tokens.named(layer, f"#{layer.vocab_size}")
