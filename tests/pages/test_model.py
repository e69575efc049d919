"""Which model every page shows, and what becomes of one that cannot be loaded."""

from pathlib import Path

import pytest

from tests.support.pages import run, succeed, texts

AFFINITY = "pages/1_Token_affinity.py"


def test_a_model_that_cannot_be_loaded_leaves_the_current_one_in_place() -> None:
    test = run(AFFINITY, text="Mr. Holmes")
    succeed(test.selectbox(key="model").select("gpt2").run())
    assert test.selectbox(key="model").value == "mini"
    assert "gpt2 could not be loaded:** 'gpt2' is not on this machine" in texts(test)
    assert "Still showing **mini**" in texts(test)
    assert len(test.dataframe[0].value) == 20


def test_a_link_to_a_model_that_is_not_offered_says_so() -> None:
    test = run(AFFINITY, model="/etc")
    assert test.selectbox(key="model").value == "mini"
    assert "The link asks for '/etc'" in texts(test)


def test_a_default_model_that_cannot_be_loaded_falls_back_to_the_bundled_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    test = run(AFFINITY)
    assert test.selectbox(key="model").value == "mini"
    assert "has no config.json" in texts(test)


def test_the_environment_chooses_another_default(
    monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(AFFINITY)
    assert test.selectbox(key="model").value == str(checkpoint)
    assert " 300 tokens" in texts(test)
