"""The address of a page: what is read from it, and what is written into it."""

import json

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from detok.app import link

    link.begin(st.session_state.get("page", "one"))
    link.fix("model", "mini")
    link.selectbox("Head", ["all", "0", "1", "2"], key="head")
    link.number_input("Count", 1, 9, 5, key="count")
    link.number_input("Place", 0, 3, None, key="place")
    link.toggle("Flag", True, key="flag")
    link.text_input("Word", "first", key="text")
    if link.slider("Half", 0, 10, 4, key="half") > 5:
        link.toggle("Rare", key="rare")
    st.button("Reset", key="reset", on_click=link.reset, disabled=link.is_default())
    st.button("Ask", key="ask", on_click=link.ask, args=({"count": "8", "place": "9"},))
    st.json(link.leading("one", {}))


def opened(**address: str) -> AppTest:
    test = AppTest.from_function(page)
    test.query_params.update(address)
    return test.run()


def notices(test: AppTest) -> str:
    assert not test.exception
    return "\n".join(warning.value for warning in test.warning).replace("\\", "")


def test_an_address_without_choices_gives_the_defaults_and_stays_as_it_is() -> None:
    test = opened(model="mini")
    assert test.selectbox(key="head").value == "all"
    assert test.number_input(key="count").value == 5
    assert test.number_input(key="place").value is None
    assert test.toggle(key="flag").value
    assert test.text_input(key="text").value == "first"
    assert test.query_params == {"model": "mini"}
    assert not notices(test)


def test_what_an_address_asks_for_is_shown_and_stays_in_it() -> None:
    address = {"head": "1", "count": "9", "place": "0", "flag": "false", "text": " é", "half": "7"}
    test = opened(model="mini", **address)
    assert test.selectbox(key="head").value == "1"
    assert test.number_input(key="count").value == 9
    assert test.number_input(key="place").value == 0
    assert not test.toggle(key="flag").value
    assert test.text_input(key="text").value == " é"
    assert test.slider(key="half").value == 7
    test.run()
    assert test.query_params == {"model": "mini", **address}


def test_every_choice_is_written_and_a_default_is_not() -> None:
    test = opened(head="1")
    test.number_input(key="count").set_value(3)
    test.toggle(key="flag").set_value(False).run()
    assert test.query_params == {"model": "mini", "head": "1", "count": "3", "flag": "false"}
    test.selectbox(key="head").select("all")
    test.number_input(key="count").set_value(5).run()
    assert test.query_params == {"model": "mini", "flag": "false"}


@pytest.mark.parametrize(
    ("key", "text", "expected", "shown"),
    [
        ("head", "9", "one of all, 0, 1, 2", "all"),
        ("head", "", "one of all, 0, 1, 2", "all"),
        ("count", "10", "a whole number from 1 to 9", "5"),
        ("count", "x", "a whole number from 1 to 9", "5"),
        ("count", "9" * 5000, "a whole number from 1 to 9", "5"),
        ("place", "-1", "a whole number from 0 to 3", "nothing"),
        ("half", "1.5", "a whole number from 0 to 10", "4"),
        ("flag", "maybe", "true or false", "true"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_leaves_the_address(
    key: str, text: str, expected: str, shown: str
) -> None:
    test = opened(**{key: text, "text": "kept"})
    said = notices(test)
    assert said.startswith(f"“{text[:40]}” cannot be used for")
    assert said.endswith(f"expected {expected}. Shown instead: {shown}.")
    assert test.query_params == {"model": "mini", "text": "kept"}
    assert not notices(test.run())


def test_unknown_names_are_left_alone() -> None:
    test = opened(utm="1", head="2")
    test.number_input(key="count").set_value(3).run()
    assert test.query_params == {"utm": "1", "head": "2", "count": "3", "model": "mini"}
    assert not notices(test)


def test_another_address_is_what_is_shown_whatever_was_chosen_before() -> None:
    test = opened(head="1", count="3")
    test.slider(key="half").set_value(9).run()
    test.query_params.clear()
    test.query_params["head"] = "2"
    test.run()
    assert test.selectbox(key="head").value == "2"
    assert test.number_input(key="count").value == 5
    assert test.slider(key="half").value == 4


def test_an_address_from_before_the_last_choice_does_not_undo_it() -> None:
    """The browser may send it while the new one is on its way there."""
    test = opened(model="mini", head="1")
    before = dict(test.query_params)
    test.number_input(key="count").set_value(3).run()
    test.query_params.clear()
    test.query_params.update(before)
    test.slider(key="half").set_value(5).run()
    assert test.number_input(key="count").value == 3
    assert test.query_params == {"model": "mini", "head": "1", "count": "3", "half": "5"}


def test_a_widget_that_comes_back_has_its_choice() -> None:
    test = opened(half="9")
    test.toggle(key="rare").set_value(True).run()
    test.slider(key="half").set_value(1).run()
    test.slider(key="half").set_value(8).run()
    assert test.toggle(key="rare").value


def test_head_and_text_go_along_and_other_choices_wait() -> None:
    test = opened(model="mini", head="1", count="3", text="word")
    test.session_state["page"] = "two"
    test.query_params.clear()
    test.run()
    assert test.selectbox(key="head").value == "1"
    assert test.text_input(key="text").value == "word"
    assert test.number_input(key="count").value == 5
    led = {"model": "mini", "head": "1", "count": "3", "text": "word"}
    assert json.loads(test.json[0].value) == led


def test_reset_goes_back_to_the_defaults_and_keeps_the_model() -> None:
    test = opened(head="1", count="3", half="9")
    test.toggle(key="rare").set_value(True).run()
    assert not test.button(key="reset").disabled
    test.button(key="reset").click().run()
    assert test.query_params == {"model": "mini"}
    assert test.selectbox(key="head").value == "all"
    assert test.number_input(key="count").value == 5
    test.slider(key="half").set_value(8).run()
    assert not test.toggle(key="rare").value
    assert test.selectbox(key="head").value == "all"


def test_choices_can_be_asked_for_in_a_callback_and_are_checked_too() -> None:
    test = opened(model="mini", head="1")
    test.button(key="ask").click().run()
    assert test.number_input(key="count").value == 8
    assert test.number_input(key="place").value is None
    assert "“9” cannot be used for “Place”" in notices(test)
    assert test.query_params == {"model": "mini", "head": "1", "count": "8"}
