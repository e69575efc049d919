"""A visitor is told which file is meant, and not where the server keeps it."""

import logging
import sysconfig
from pathlib import Path

import pytest
from huggingface_hub import constants

from detok.app.folders import ROOT, untold
from tests.support.pages import run, texts


@pytest.mark.parametrize(
    "folder",
    [
        *(ROOT, Path.home(), constants.HF_HUB_CACHE, "/srv/own models/gpt2", "/srv/a"),
        *map(sysconfig.get_path, ("stdlib", "purelib")),
    ],
)
def test_paths_of_the_server_are_cut_to_their_names(
    folder: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_MODEL", "/srv/own models/gpt2")
    monkeypatch.setenv("DETOK_CACHE", "/srv/a")
    sentence = f"{folder}/b/config.json cannot be read as JSON; expected a JSON object"
    assert untold(sentence) == "…/config.json cannot be read as JSON; expected a JSON object"
    assert untold(f"the disk of {folder} is full") == f"the disk of …/{Path(folder).name} is full"


@pytest.mark.parametrize(
    "sentence",
    [
        "no token has '/usr/bin/x' in it; expected a part of a token",
        "it takes 1/2 of the memory; expected n/a",
        "/srv/another has no config.json",
        "",
    ],
)
def test_other_sentences_are_left_as_they_are(sentence: str) -> None:
    assert untold(sentence) == sentence


def test_a_page_does_not_tell_where_its_model_lies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{")
    monkeypatch.setenv("DETOK_MODEL", str(broken))
    with caplog.at_level(logging.WARNING, "detok.app.folders"):
        shown = texts(run("pages/3_LayerNorm_variance.py", model=str(broken)))
    (reason,) = [line for line in shown.splitlines() if "could not be loaded" in line]
    assert "…/config.json cannot be read as JSON" in reason
    assert str(broken / "config.json") not in shown
    assert str(broken / "config.json") in caplog.text  # for whoever runs the server


def test_a_page_does_not_tell_where_its_counts_lie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from detok.app import cached

    cached.counts_for_all.clear()
    (tmp_path / "own.parquet").write_bytes(b"PAR1")
    monkeypatch.setenv("DETOK_COUNTS", str(tmp_path / "own.parquet"))
    shown = texts(run("pages/6_Token_frequency.py", model="mini"))
    cached.counts_for_all.clear()
    assert "…/own.parquet" in shown
    assert str(tmp_path) not in shown
