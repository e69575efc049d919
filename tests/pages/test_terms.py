"""The page of the six terms: it shows what the library computes, and every control acts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app.texts import tokens_of
from detok.readings import terms as readings
from detok.tables import terms as tables
from tests.support.models import random_checkpoint
from tests.support.pages import finish, run, succeed, texts

PAGE = "pages/4_Six-term_contributions.py"
TEXT = "There stood old Captain Ahab"
LINK = {"passage": TEXT, "head": "3", "pair_i": "6", "pair_j": "3"}


def test_the_page_says_what_the_library_computes() -> None:
    layer = detok.load("mini")
    ids = layer.tokenizer.encode(TEXT)
    test = run(PAGE, **LINK)
    pair = detok.explain_pair(layer, ids, i=6, j=3, head=3)
    assert readings.pair(layer, ids, pair) in texts(test)
    found = tables.per_position(layer, ids, detok.contributions(layer, ids))
    ranks = tables.ranking(found)
    one = ranks[ranks["head"] == 3]
    assert readings.ranking(one, tables.places(one)) in texts(test)
    assert f"{len(ids)} tokens. Largest difference" in texts(test)


def test_ee_is_shown_as_two_on_demand() -> None:
    layer = detok.load("mini")
    ids = layer.tokenizer.encode(TEXT)
    counts = detok.counts_for(layer)
    query = detok.shared_query(layer, counts.tokens)
    test = run(PAGE, **LINK)
    assert "ee shared" not in texts(test)
    succeed(test.toggle(key="split_ee").set_value(True).run())
    assert texts(run(PAGE, **LINK, split_ee="true")) == texts(test)
    pair = detok.explain_pair(layer, ids, i=6, j=3, head=3, query=query)
    assert readings.pair(layer, ids, pair) in texts(test)
    assert "ee shared is q̄·k, divided by sqrt(d_head)" in texts(test)
    assert f"as often as it occurs in {counts.origin}" in texts(test)
    assert "The seven maps" in texts(test)
    # Contributions and what can be dropped stay those of the six terms.
    ranks = tables.ranking(tables.per_position(layer, ids, detok.contributions(layer, ids)))
    one = ranks[ranks["head"] == 3]
    assert readings.ranking(one, tables.places(one)) in texts(test)
    succeed(test.toggle(key="drop_ee").set_value(True).run())
    nats = detok.ablate(detok.terms(layer, ids, heads=3), ["ee"]).divergence[0, 6].item()
    assert f"Without ee: D(P‖Q) = {nats:.3g} nats" in texts(test)


def change_text(test: AppTest) -> None:
    test.text_area(key="passage").input("She was unfit and tranquil.")


def choose_example(test: AppTest) -> None:
    next(b for b in test.button if b.label == "A word in pieces").click()


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("5")


def change_to_all_heads(test: AppTest) -> None:
    test.selectbox(key="head").select("all")


def begin_with_end_of_text(test: AppTest) -> None:
    test.toggle(key="begin").set_value(True)


def drop_a_term(test: AppTest) -> None:
    test.toggle(key="drop_pp").set_value(True)


def change_i(test: AppTest) -> None:
    test.number_input(key="pair_i").set_value(4)


def change_j(test: AppTest) -> None:
    test.number_input(key="pair_j").set_value(2)


@pytest.mark.parametrize(
    "change",
    [
        change_text,
        choose_example,
        change_head,
        change_to_all_heads,
        begin_with_end_of_text,
        drop_a_term,
        change_i,
        change_j,
    ],
)
def test_every_control_changes_what_is_said(change: Callable[[AppTest], None]) -> None:
    test = run(PAGE, head="1")
    before = texts(test)
    change(test)
    succeed(test.run())
    assert texts(test) != before


def test_another_text_forgets_the_places_chosen_in_the_last() -> None:
    test = run(PAGE, passage=TEXT, head="1", pair_i="4", pair_j="1")
    assert "(j = 1) gets" in texts(test)
    succeed(test.text_area(key="passage").input("She was calm, and old Ahab smiled").run())
    assert test.number_input(key="pair_i").value is None
    n = len(detok.load("mini").tokenizer.encode("She was calm, and old Ahab smiled"))
    assert f"attention (i = {n - 1})" in texts(test)


def test_every_term_can_be_dropped() -> None:
    """Without any term the attention is uniform: the KL is that from uniform attention."""
    layer = detok.load("mini")
    ids = layer.tokenizer.encode(TEXT)
    drops = {f"drop_{name}": "true" for name in ("ee", "pp", "ep", "pe", "e", "p")}
    test = run(PAGE, passage=TEXT, head="1", **drops)
    ablation = detok.ablate(detok.terms(layer, ids, heads=1), ["ee", "pp", "ep", "pe", "e", "p"])
    nats = ablation.divergence[0, -1].item()
    assert f"Without ee, pp, ep, pe, e and p: D(P‖Q) = {nats:.3g} nats" in texts(test)


def test_long_texts_are_cut_and_windowed() -> None:
    layer = detok.load("mini")
    text = "It was the best of times, it was the worst of times. " * 40
    n_cut = tokens_of(layer, text)[1]
    test = run(PAGE, passage=text, head="2", window="100", pair_i="255", pair_j="200")
    assert f"Used: the first 256 of {256 + n_cut:,} tokens" in texts(test)
    assert "is not in the link" in texts(test)
    assert test.slider(key="window").value == 100
    assert "(j = 200) gets" in texts(test)
    # A shorter text puts all of these out of range.
    succeed(test.text_area(key="passage").input("Captain Ahab").run())
    assert not test.slider
    assert "(j = 200)" not in texts(test)
    assert test.query_params["passage"] == "Captain Ahab"


UNUSUAL = ["", "\0", "x", "👩‍👧", "שלום", "\u0301" * 300, "<|endoftext|>"]


@pytest.mark.parametrize("text", UNUSUAL, ids=lambda text: ascii(text[:6]))
def test_unusual_texts(text: str) -> None:
    test = run(PAGE, head="1")
    succeed(test.text_area(key="passage").input(text).run())
    assert ("The text is empty" in texts(test)) is (not text)


@pytest.mark.parametrize("head", ["1", "all"])
def test_a_model_of_sixteen_positions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, head: str
) -> None:
    random_checkpoint(tmp_path)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    test = run(PAGE, head=head, pair_i="200", pair_j="200", window="99", n_texts="3")
    assert "Used: the first 16 of 25 tokens" in texts(test)
    finish(succeed(next(b for b in test.button if b.label == "Average over them").click().run()))
    assert "Mean over 3 excerpts" in texts(test)


def test_averages_are_kept_for_the_next_visitor_and_follow_the_seed() -> None:
    query = {"head": "1", "n_texts": "3", "sample": "5"}
    first = run(PAGE, **query)
    assert "Mean over 3 excerpts" not in texts(first)
    button = next(b for b in first.button if b.label == "Average over them")
    said = texts(finish(succeed(button.click().run())))
    assert "Mean over 3 excerpts" in said
    assert "Mean over 3 excerpts" in texts(run(PAGE, **query))
    other = run(PAGE, **{**query, "sample": "6"})
    assert "Mean over 3 excerpts" not in texts(other)


def upload(test: AppTest, name: str, data: bytes) -> str:
    test.file_uploader[0].set_value((name, data, "text/plain"))
    succeed(test.run())
    finish(succeed(next(b for b in test.button if b.label == "Average over them").click().run()))
    return texts(test)


def test_an_upload_is_averaged_or_refused_in_a_sentence() -> None:
    test = run(PAGE, head="1")
    assert "Mean over 2 of your texts" in upload(test, "a.txt", b"It was the best.\n\nOf times.")
    lines = b'{"text": "It was"}\n"the worst"\n"of times"'
    assert "Mean over 3 of your texts" in upload(test, "b.jsonl", lines)
    assert "Line 1 of c.jsonl is not JSON" in upload(test, "c.jsonl", b"no json")
    assert "The file d.txt is not UTF-8" in upload(test, "d.txt", b"\xff\xfe\x00")
    # Nothing of a run that failed stays.
    assert not test.get("progress")
    assert "Cancel" not in [button.label for button in test.button]


@pytest.mark.parametrize("head", ["0", "all"])
def test_one_character_has_no_blank_figure(head: str) -> None:
    test = run(PAGE, passage="x", head=head)
    assert "1 token." in texts(test)
    assert "There is no curve to draw." in texts(test)
    for chart in test.get("vega_lite_chart"):
        assert "What each term contributes" not in chart.proto.alt
        assert "by their mean contribution" not in chart.proto.alt
        assert "The terms of every pair" not in chart.proto.alt


def test_the_bytes_of_an_emoji_name_it() -> None:
    layer = detok.load("mini")
    shown = layer.tokenizer.show_each(layer.tokenizer.encode("a 😀"))
    test = run(PAGE, passage="a 😀")
    (chips,) = test.get("button_group")
    # Streamlit takes an emoji at the beginning for the icon.
    options = [f"{option.content_icon} {option.content}" for option in chips.proto.options]
    assert [option.strip() for option in options] == shown
    assert "\\xf0" not in texts(test)
