"""Every page names what does not fit in a link, and shows something else instead."""

from pathlib import Path

import pytest

import detok
from detok.app import models
from detok.app.navigation import PLACES
from tests.support.pages import run, texts

AFFINITY = PLACES["affinity"].path

BAD = {
    "affinity": {
        **{"head": "99", "token": "abc", "k": "-1", "rank": "foo", "score": "foo"},
        **{"at_i": "9999", "at_j": "x", "sample": "1.5"},
    },
    "positions": {"head": "", "i": "9999", "layernorm": "2", "ends": "on"},
    "layernorm": {"head": "all", "i": "-1"},
    "terms": {
        **{"head": "1e1", "begin": "?", "drop_ee": "1", "pair_i": "99", "pair_j": "99"},
        **{"split_ee": "x", "n_texts": "0"},
    },
    "heads": {"head": "99", "token": "10000000000", "least": "0", "k": "101", "authors": "x"},
    "frequency": {"head": "-1", "measure": "weight"},
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_is_named_replaced_and_leaves_the_address(name: str) -> None:
    test = run(PLACES[name].path, model="mini", **BAD[name])
    said = texts(test)
    for key, text in BAD[name].items():
        assert f"“{text[:40]}” cannot be used for" in said, key
        assert key not in test.query_params
    shown = run(PLACES[name].path, model="mini")
    assert [frame.value.shape for frame in test.dataframe] == [
        frame.value.shape for frame in shown.dataframe
    ]


def test_a_link_to_a_token_outside_its_text_shows_that_token() -> None:
    layer = detok.load("mini")
    test = run(AFFINITY, model="mini", text="Holmes", token="58", head="1")
    best = detok.affinity(layer, 58, heads=1)
    assert test.dataframe[0].value["shown"].tolist() == [
        layer.tokenizer.show(token) for token in best["token_id"]
    ]


def test_a_model_that_cannot_be_loaded_leaves_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "is_offline_mode", lambda: False)
    test = run(AFFINITY, model="gpt2", text="Mr. Holmes", head="1")
    assert "gpt2 could not be loaded" in texts(test)
    assert test.query_params["model"] == "mini"
    assert test.query_params["text"] == "Mr. Holmes"
    assert test.selectbox(key="head").value == "1"


def test_a_folder_that_is_no_model_leaves_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    test = run(AFFINITY, model=str(tmp_path))
    assert "has no config.json" in texts(test)
    assert test.query_params["model"] == "mini"
