"""The page of segments: it shows what the library computes; cuts act, travel, and are checked."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app.texts import after_lines
from detok.readings import segments as readings
from detok.tables import segments as tables
from tests.support.models import random_checkpoint
from tests.support.pages import figures, run, succeed, texts

PAGE = "pages/8_Segments.py"
TEXT = "The town was calm.\nShe smiled at old Ahab"


def run_of(text: str, model: str | Path = "mini") -> detok.Run:
    whole = detok.load_model(model)
    return detok.run(whole, whole.tokenizer.encode(text))


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve layers, and more positions than the page takes of a text."""
    random_checkpoint(tmp_path, n_layer=12, n_head=3, n_embd=24, n_positions=140)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    return tmp_path


def test_the_page_says_what_the_library_computes(deep: Path) -> None:
    """In a layer where the mask has changed what the head reads."""
    own = run_of(TEXT, deep)
    found = detok.segment_attention(own, [5, 4])
    test = run(PAGE, passage=TEXT, head="1", layer="7", cuts="5", answer="9")
    moved, after = tables.moved(own, found, 7, 1), tables.next_tokens(own, found)
    for sentence in (
        readings.cut(tables.segments(own, (5, 4)), 0),
        readings.moved(moved, own.n),
        readings.kept(moved),
        readings.gains(tables.gains(own, found, 7, 1)),
        readings.next_tokens(after, tables.shared(found), 12),
        readings.COUNTERFACTUAL,
    ):
        assert sentence.replace("\\", "") in texts(test)
    assert (found.log_probs - own.log_probs).abs().max() > 1e-3


def test_a_text_is_cut_after_its_lines_unless_told_otherwise() -> None:
    layer = detok.load("mini")
    ids = layer.tokenizer.encode(TEXT)
    (line,) = after_lines(layer, ids)
    test = run(PAGE, passage=TEXT)
    assert test.session_state["cuts"] == [line]
    assert "cuts" not in test.query_params
    assert "2 segments" in texts(test)
    succeed(button(test, "One segment").click().run())
    assert "1 segment, in which each token sees all others" in texts(test)
    assert test.query_params["cuts"] == ""
    assert "1 segment," in texts(run(PAGE, passage=TEXT, cuts=""))
    succeed(button(test, "Cut at line ends").click().run())
    assert "2 segments" in texts(test)
    assert "cuts" not in test.query_params


def button(test: AppTest, label: str):  # noqa: ANN201 - a Button
    return next(b for b in test.button if b.label == label)


def test_cuts_are_in_the_address_in_order() -> None:
    test = run(PAGE, passage=TEXT, cuts="")
    for cut in (6, 3):
        pills = test.pills(key="cuts")
        succeed(pills.set_value([*pills.value, cut]).run())
    assert test.query_params["cuts"] == "3,6"
    assert "3 segments" in texts(test)
    assert texts(run(PAGE, passage=TEXT, cuts="3,6")) == texts(test)
    assert figures(test)["attention"].more["segments"][:2] == [3, 3]


@pytest.mark.parametrize("cuts", ["3,3", "6,3", "0", "99", "-1", "a", "3;6", "3,", "1" * 40])
def test_cuts_that_do_not_fit_are_named(cuts: str) -> None:
    test = run(PAGE, passage=TEXT, cuts=cuts)
    assert f"“{cuts:.40}” cannot be used for “Cut after”: expected the tokens that" in texts(test)
    assert "2 segments" in texts(test)  # those of its lines
    assert "cuts" not in test.query_params


@pytest.mark.parametrize("answer", ["-1", "99", "x"])
def test_an_answer_that_does_not_fit_is_named(answer: str) -> None:
    assert f"“{answer}” cannot be used for “Answer" in texts(run(PAGE, answer=answer))


@pytest.mark.parametrize(("answer", "said"), [("0", "No segment"), ("4", "1 segment,")])
def test_cuts_in_the_answer_cut_nothing(answer: str, said: str) -> None:
    test = run(PAGE, passage=TEXT, cuts="4,5", answer=answer)
    assert said in texts(test)
    assert "2 cuts are in the answer" in texts(test)


def test_another_text_forgets_the_cuts_of_the_last() -> None:
    test = run(PAGE, passage=TEXT, cuts="3,6", answer="8")
    succeed(test.text_area(key="passage").input("She was calm").run())
    assert test.session_state["cuts"] == []
    assert test.number_input(key="answer").value is None
    assert not {"cuts", "answer"} & test.query_params.keys()
    assert "cannot be used" not in texts(test)


def test_one_token() -> None:
    test = run(PAGE, passage="I", cuts="1")
    assert "a text of one token cannot be cut" in texts(test)
    assert "1 segment of 1 token" in texts(test)
    assert not test.pills
    assert "nothing but itself" in texts(test)


def test_as_many_tokens_as_the_page_takes(deep: Path) -> None:
    test = run(PAGE, passage="z" * 139, cuts="1,64,127", layer="11", window="110")
    assert "Used: the first 128 of 139 tokens" in texts(test)
    assert "4 segments" in texts(test)
    assert set(figures(test)["attention"].table["i"]) == set(range(110, 128))
    assert len(figures(test)["gains"].table) == 128


def test_segments_of_one_token_each_change_nothing() -> None:
    n = run_of(TEXT).n
    said = texts(run(PAGE, passage=TEXT, cuts=",".join(map(str, range(1, n)))))
    assert "both masks let every token see the same" in said
    assert "No token gains attention" in said


def test_a_prompt_of_two_lines_to_begin_with() -> None:
    test = run(PAGE)
    succeed(button(test, "A text of two lines").click().run())
    assert "2 segments" in texts(test)


def choose_head(test: AppTest) -> None:
    test.selectbox(key="head").select("1")


def choose_layer(test: AppTest) -> None:
    test.selectbox(key="layer").select(9)


def cut_once(test: AppTest) -> None:
    test.pills(key="cuts").set_value([4])


def begin_the_answer(test: AppTest) -> None:
    test.number_input(key="answer").set_value(4)


def choose_target(test: AppTest) -> None:
    test.selectbox(key="target").select_index(3)


@pytest.mark.parametrize(
    "change", [choose_head, choose_layer, cut_once, begin_the_answer, choose_target]
)
def test_every_control_changes_what_is_said(deep: Path, change: Callable[[AppTest], None]) -> None:
    test = run(PAGE, passage="the town was calm")
    before = texts(test)
    change(test)
    succeed(test.run())
    assert texts(test) != before


def test_no_letter_of_a_text_is_read_as_markdown() -> None:
    test = run(PAGE, passage="a] :red[b](c) *d*\n# e", cuts="")
    shown = next(m.value for m in test.markdown if "-background[" in m.value)
    assert "\\]" in shown
    assert "\\*d\\*" in shown
