"""Which model every page shows, and what becomes of one that cannot be loaded."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import log, models
from detok.app.navigation import PLACES
from tests.support.models import random_checkpoint
from tests.support.pages import ROOT, run, succeed, texts

AFFINITY, COMPARE = (PLACES[name].path for name in ("affinity", "compare"))


def test_a_model_that_cannot_be_loaded_leaves_the_current_one_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "is_offline_mode", lambda: False)
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


def test_offline_only_what_is_here_is_offered() -> None:
    assert run(AFFINITY).selectbox(key="model").options == ["mini"]
    assert "the models here are mini" in texts(run(AFFINITY, model="gpt2"))


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkpoint: Path) -> Path:
    """A server with one model of the operator's; the folder of another is beside it."""
    random_checkpoint(tmp_path / "secret", seed=3)
    monkeypatch.setenv("DETOK_HOSTED", "1")
    monkeypatch.setenv("DETOK_MODELS", str(checkpoint))
    monkeypatch.setattr(models, "is_offline_mode", lambda: False)
    return tmp_path / "secret"


def test_of_a_hosted_app_only_listed_models_are_offered(hosted: Path, checkpoint: Path) -> None:
    test = run(COMPARE)
    assert test.selectbox(key="model").options == ["mini", str(checkpoint)]
    assert test.selectbox(key="other").options == ["the same", "mini", str(checkpoint)]
    succeed(test.selectbox(key="model").select(str(checkpoint)).run())
    assert not test.error


@pytest.mark.parametrize("page", ["app.py", AFFINITY, COMPARE])
def test_no_link_names_another_model_of_a_hosted_app(
    page: str, hosted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load = detok.load
    monkeypatch.setattr(detok, "load", lambda m, **more: loaded.append(str(m)) or load(m, **more))
    for name in (str(hosted), "gpt2", f"{hosted}/model.safetensors", "../secret", "mini\0"):
        test = run(page, model=name, other=name)
        assert test.selectbox(key="model").value == "mini"
        # As if a widget's state had it, whichever way it came there.
        test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        test.switch_page(page)
        test.session_state["model"] = name
        succeed(test.run())
        assert test.selectbox(key="model").value == "mini"
    assert set(loaded) <= {"mini"}


def test_settings_that_cannot_be_used_are_named_in_place_of_a_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DETOK_HEAVY", "many")
    test = run(AFFINITY)
    assert "DETOK_HEAVY is 'many'; expected a whole number from 1 to 64" in texts(test)
    assert not test.selectbox


def test_the_log_tells_what_was_refused_without_a_visitors_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "detok")
    secret = "a very private sentence"
    run(AFFINITY, text=secret, token="no number")
    test = run("pages/4_Six-term_contributions.py", passage="")
    assert "The text is empty" in texts(test)
    lines = [
        json.loads(log._Lines().format(record))
        for record in caplog.records
        if record.name == "detok"
    ]
    assert secret not in caplog.text
    refused = [line for line in lines if line.get("event") == "refused"]
    assert refused
    assert "detok/app/texts.py" in refused[0]["where"]
    assert refused[0]["where"].endswith("tokens_of")
