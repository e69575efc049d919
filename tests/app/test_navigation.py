"""The list of pages in the sidebar, and what goes along from one to another."""

from pathlib import Path

import pytest

import detok
from detok.app.navigation import PLACES, name_of
from tests.support.pages import PAGES, ROOT, follow, run, succeed, texts

AFFINITY, TERMS = PLACES["affinity"].path, PLACES["terms"].path


def test_every_page_has_a_place_and_its_own_title() -> None:
    assert set(PAGES) <= {place.path for place in PLACES.values()}
    for name, place in PLACES.items():
        assert name_of(place.title) == name
        if place.path in PAGES[1:]:
            assert f'.begin("{place.title}")' in (ROOT / place.path).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_lists_all_that_there_are(page: str) -> None:
    links = [link.proto for link in run(page, model="mini").sidebar.get("page_link")]
    there = [place.title for place in PLACES.values() if (ROOT / place.path).exists()]
    assert [link.label for link in links] == there
    assert links[0].label == "Overview"
    assert all("model=mini" in link.query_string for link in links)


def test_head_and_text_go_along_over_pages_that_have_neither_and_back() -> None:
    test = run(AFFINITY, model="mini", head="1", text="Mr. Holmes", k="7")
    follow(test, "LayerNorm variance")
    assert test.selectbox(key="head").value == "1"
    succeed(test.selectbox(key="head").select("0").run())
    follow(test, "Replication")
    follow(test, "Detokenizing heads")
    assert test.selectbox(key="head").value == "0"
    assert test.text_input(key="text").value == "Mr. Holmes"
    assert test.number_input(key="k").value == 15
    follow(test, "Token affinity")
    assert test.selectbox(key="head").value == "0"
    assert test.number_input(key="k").value == 7


def test_where_all_heads_cannot_be_shown_a_page_says_which_one_is() -> None:
    test = run(AFFINITY, model="mini", head="1")
    succeed(test.selectbox(key="head").select("all").run())
    follow(test, "LayerNorm variance")
    assert "this page shows one head at a time. Shown instead: 0" in texts(test)
    assert test.selectbox(key="head").value == "0"
    follow(test, "Six-term contributions")
    assert test.selectbox(key="head").value == "all"
    assert "cannot be used" not in texts(test)


def test_the_text_of_an_affinity_can_be_taken_apart() -> None:
    test = run(AFFINITY, model="mini", head="1", text="Mr. Holmes")
    follow(test, "Take this text apart into the terms of its scores")
    assert test.text_area(key="passage").value == "Mr. Holmes"
    assert test.selectbox(key="head").value == "1"


def test_a_long_text_waits_while_the_visitor_is_elsewhere() -> None:
    long = "It was the best of times. " * 80
    test = run(TERMS, model="mini", head="1")
    succeed(test.text_area(key="passage").input(long).run())
    assert "passage" not in test.query_params
    follow(test, "Token affinity")
    follow(test, "Six-term contributions")
    assert test.text_area(key="passage").value == long


def test_another_model_has_its_own_tokens(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    """The id of a token would be another token's there, or none's."""
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(AFFINITY, model="mini", token="5", text="Holmes", head="3")
    succeed(test.selectbox(key="model").select(str(checkpoint)).run())
    assert (
        test.selectbox(key="token").value == detok.load(checkpoint).tokenizer.encode("Holmes")[-1]
    )
    assert "“3” cannot be used for “Head”" in texts(test)
