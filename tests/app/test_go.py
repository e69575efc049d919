"""What is clicked leads to its page, or chooses on the page that is shown."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import go
from detok.app.navigation import PLACES
from tests.support.pages import run, succeed, texts

AFFINITY, TERMS = PLACES["affinity"].path, PLACES["terms"].path


def click_piece(test: AppTest, place: int) -> AppTest:
    return succeed(test.get("button_group")[0].set_value(place).run())


def test_a_click_on_a_piece_chooses_its_token_on_the_page_that_is_shown() -> None:
    layer = detok.load("mini")
    pieces = layer.tokenizer.encode("Mr. Sherlock")
    test = run(AFFINITY, model="mini", text="Mr. Sherlock", head="1", k="3")
    assert test.selectbox(key="token").value == pieces[-1]
    click_piece(test, 0)
    assert test.selectbox(key="token").value == pieces[0]
    assert test.query_params == {
        **{"model": "mini", "text": "Mr. Sherlock", "head": "1", "k": "3"},
        "token": str(pieces[0]),
    }
    best = detok.affinity(layer, pieces[0], heads=1, k=3)
    assert test.dataframe[0].value["score"].tolist() == pytest.approx(best["score"].tolist())
    click_piece(test, len(pieces) - 1)
    assert test.selectbox(key="token").value == pieces[-1]


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Where visitors were led to."""
    found: list[tuple[str, dict[str, str]]] = []

    def switch_page(path: str, query_params: dict[str, str]) -> None:
        found.append((path, query_params))

    monkeypatch.setattr(go.st, "switch_page", switch_page)
    return found


def test_a_click_on_a_piece_of_a_text_leads_to_its_affinity(
    led: list[tuple[str, dict[str, str]]],
) -> None:
    pieces = detok.load("mini").tokenizer.encode("old Captain Ahab")
    test = run(TERMS, model="mini", passage="old Captain Ahab", head="1", pair_i="2")
    click_piece(test, 1)
    path, address = led[0]
    assert path == AFFINITY
    assert address == {
        **{"model": "mini", "head": "1", "passage": "old Captain Ahab"},
        **{"text": "old Captain Ahab", "token": str(pieces[1])},
    }
    arrived = run(path, **address)
    assert arrived.selectbox(key="token").value == pieces[1]
    assert "cannot be used" not in texts(arrived)


def page() -> None:
    import streamlit as st

    from detok.app import go, link

    link.begin("positions")
    link.fix("model", "mini")
    link.selectbox("Head", ["0", "1"], key="head")
    st.button("Leave", on_click=go.to, args=("terms",), kwargs=st.session_state["choices"])
    st.json(go.address("terms", **st.session_state["choices"]))


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, {"head": "1"}),
        ({"head": 0}, {"head": "0"}),
        (
            {"passage": "é", "pair_i": 0, "pair_j": None},
            {"head": "1", "passage": "é", "pair_i": "0"},
        ),
        ({"begin": True}, {"head": "1", "begin": "true"}),
    ],
    ids=str,
)
def test_choices_are_said_as_a_link_has_them_and_nothing_is_left_out(
    led: list[tuple[str, dict[str, str]]], choices: dict[str, Any], said: dict[str, str]
) -> None:
    test = AppTest.from_function(page)
    test.session_state["choices"] = choices
    succeed(test.run())
    succeed(test.selectbox(key="head").select("1").run())
    succeed(test.button[0].click().run())
    assert led == [("pages/4_Six-term_contributions.py", {"model": "mini", **said})]
