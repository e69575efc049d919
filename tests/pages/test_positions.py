"""The page of positions: it shows what the library computes, and every control acts."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import detok
from tests.support.pages import files, run, succeed, texts

POSITIONS = "pages/2_Positional_bias.py"


def test_the_summary_is_what_the_library_computes() -> None:
    layer = detok.load("mini")
    test = run(POSITIONS, head="2", i="100")
    expected = detok.position_summary(layer, 100, [64, 128, 192])
    pd.testing.assert_frame_equal(test.dataframe[0].value, expected, check_dtype=False)
    assert len(set(files(test).values())) == 6
    assert "over 120 excerpts" in texts(test)
    succeed(test.toggle(key="layernorm").set_value(False).run())
    expected = detok.position_summary(layer, 100, [64, 128, 192], layernorm=False)
    pd.testing.assert_frame_equal(test.dataframe[0].value, expected, check_dtype=False)


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("5")


def change_to_all_heads(test: AppTest) -> None:
    test.selectbox(key="head").select("all")


def change_position(test: AppTest) -> None:
    test.slider(key="i").set_value(200)


def change_layernorm(test: AppTest) -> None:
    test.toggle(key="layernorm").set_value(False)


def change_texts(test: AppTest) -> None:
    test.text_area(key="texts").input("It was the best of times. " * 30)


@pytest.mark.parametrize(
    "change", [change_head, change_to_all_heads, change_position, change_layernorm, change_texts]
)
def test_every_control_changes_the_attention_and_its_sentence(
    change: Callable[[AppTest], None],
) -> None:
    test = run(POSITIONS, head="1")
    before, said = files(test)["attention"], texts(test)
    change(test)
    succeed(test.run())
    assert files(test)["attention"] != before
    assert texts(test) != said


def test_the_ends_are_drawn_only_when_asked_for() -> None:
    test = run(POSITIONS, head="1")
    assert "Not drawn" in texts(test)
    succeed(test.toggle(key="ends").set_value(True).run())
    assert "Not drawn" not in texts(test)


@pytest.mark.parametrize("i", ["0", "1", "255"])
@pytest.mark.parametrize("head", ["0", "all"])
def test_the_first_and_the_last_position_can_be_chosen(i: str, head: str) -> None:
    test = run(POSITIONS, head=head, i=i)
    assert test.slider(key="i").value == int(i)
    succeed(test.toggle(key="ends").set_value(True).run())


def test_own_texts_are_counted_and_short_ones_refused_in_a_sentence() -> None:
    long, short = "It was the best of times. " * 30, "Too short."
    test = run(POSITIONS, head="1", i="50", texts=f"{long}\n\n{short}\n \n{long}")
    assert "2 of your texts; 1 too short" in texts(test)
    succeed(test.text_area(key="texts").input(short).run())
    assert "No text reaches position 50" in texts(test)
    assert "by position alone" in texts(test).lower()


def test_measured_attention_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    texts_before = texts(run(POSITIONS, i="7"))
    monkeypatch.setattr(detok, "mean_attention", lambda *_, **__: pytest.fail("computed again"))
    assert texts(run(POSITIONS, i="7")) == texts_before


def test_a_link_beyond_another_model(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    """Sixteen positions and two heads."""
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(POSITIONS, i="200", head="7")
    assert test.slider(key="i").value < 16


def test_texts_of_a_link_that_are_too_long_are_cut_and_that_is_said() -> None:
    text = "a b " * 1600
    assert "Used: the first 6,000 of 6,400 characters." in texts(run(POSITIONS, texts=text))
