"""The overview: the finding of the model that is shown, its words as links, how exact it is."""

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import cached, gate
from detok.readings import method
from detok.tables.rebuilt import gallery
from tests.support.pages import run, succeed, texts


def links(test: AppTest) -> list:
    return [link.proto for link in test.get("page_link")]


def test_overview_shows_model_and_measured_error() -> None:
    test = run("app.py")
    assert [m.label for m in test.metric][:2] == ["Layers", "Heads H"]
    assert "computed by `transformers`" in texts(test)


def test_the_finding_is_measured_and_its_words_are_links() -> None:
    layer = detok.load("mini")
    found = detok.rebuilt_words(layer, detok.counts_for(layer))
    test = run("app.py")
    first = gallery(found.words, 1).iloc[0]
    show = layer.tokenizer.show
    sentence = f"Head {first['head']} ranks {show(first['past_id'])} first of "
    assert sentence in test.header[0].value.replace("\\", "")
    ranks = detok.previous_piece_ranks(layer, [first["past_id"], first["current_id"]])
    assert ranks[first["head"], 0] == 1
    assert f"the {found.n_tried:,} words of the bundled excerpts" in texts(test)
    words = [parse_qs(link.query_string) for link in links(test) if " — " in link.label]
    assert len(words) == 12
    for word in words:
        pieces = layer.tokenizer.encode(word["text"][0])
        assert detok.previous_piece_ranks(layer, pieces)[int(word["head"][0]), 0] == 1
        assert word["model"] == ["mini"]


def test_every_page_is_a_link_with_its_question() -> None:
    test = run("app.py")
    labels = [link.label for link in links(test)]
    for name, about in method.PAGES.items():
        assert f"**{method.title(name)}**" in labels
        assert about.question in texts(test)


def test_a_model_in_which_no_head_rebuilds_words_says_so(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run("app.py")
    said = texts(test)
    assert "No head puts them together" in said
    assert not [link for link in links(test) if " — " in link.label]
    assert "in the frame" not in said


def test_of_a_large_model_the_words_are_looked_for_once_and_shown_when_they_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cached, "SMALL", 0)
    cached._rebuilt_job.clear()
    layer = cached.load_layer("mini")
    with gate.LONG.turn():  # another computation is under way
        said = texts(run("app.py"))
        assert "once for all visitors" in said
        assert "in the frame" not in said
    cached.rebuilt_job(layer).wait(60)
    assert "in the frame" in texts(run("app.py"))
    cached._rebuilt_job.clear()


def test_a_search_that_was_cancelled_can_be_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "SMALL", 0)
    cached._rebuilt_job.clear()
    job = cached._rebuilt_job(cached.load_layer("mini"))
    with gate.LONG.turn():
        test = run("app.py")
        said = test.get("progress")[0].proto.text
        assert said == "Waiting for 1 other computation …"
        next(b for b in test.button if b.label == "Cancel").click().run()
        job.wait(60)
    succeed(test.run())
    assert "looking for them was stopped" in texts(test)
    succeed(next(b for b in test.button if b.label == "Look for them").click().run())
    job.wait(60)
    assert "in the frame" in texts(succeed(test.run()))
    cached._rebuilt_job.clear()
