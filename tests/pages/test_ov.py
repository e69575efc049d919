"""What a head passes on, on the page of token affinity."""

from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

import detok
from detok.app import cached, copying
from detok.model.hub import entries
from detok.model.source import Source
from tests.support.families import MODELS, random_member
from tests.support.models import random_checkpoint
from tests.support.pages import figures, run, succeed, texts

AFFINITY = "pages/1_Token_affinity.py"


def test_one_head_has_both_lists_and_its_place_in_the_chart() -> None:
    layer = detok.load("mini")
    token = layer.tokenizer.encode("Mr. Sherlock")[-1]
    test = run(AFFINITY, text="Mr. Sherlock", head="1")
    listed = [frame.value for frame in test.dataframe[1:3]]
    for found, expected in zip(listed, detok.ov_readings(layer).tokens(token, 1, 20), strict=True):
        assert found["change"].tolist() == pytest.approx([change for _, change in expected])
    shown = layer.tokenizer.show(token)
    assert f"If head 1 attends to {shown}, it " in texts(test)
    assert "Head 1 copies " in texts(test)
    assert figures(test)["copying"].drawn["chosen"].sum() == 2


def test_all_heads_side_by_side() -> None:
    layer = detok.load("mini")
    test = run(AFFINITY, text="Mr. Sherlock", head="all")
    for frame in test.dataframe[1:3]:
        assert list(frame.value.columns) == ["Rank", *(f"Head {h}" for h in range(layer.n_heads))]
    found = figures(test)
    assert not found["copying"].drawn["chosen"].any()
    assert found["passed-on"].answer == ""


def test_of_a_large_model_it_is_measured_for_all_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "SMALL", 0)
    copying._copying_job.clear()
    test = run(AFFINITY, head="1")
    job = copying.copying_job(cached.load_layer("mini"))
    job.wait(60)
    assert job.state == "done"
    assert "copying" in figures(succeed(test.run()))
    copying._copying_job.clear()


def test_a_family_without_a_direct_path_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_member(tmp_path, *MODELS["bert"][0])
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    test = run(AFFINITY)
    assert any("a LayerNorm follows what each layer adds" in info.value for info in test.info)
    assert {"passed-on", "copying"}.isdisjoint(figures(test))


def test_what_an_older_detok_left_out_is_fetched_on_a_click(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layer is loaded again once the weights are there."""
    random_checkpoint(tmp_path)
    path = tmp_path / "model.safetensors"
    whole = load_file(path)
    save_file({k: t for k, t in whole.items() if "c_proj" not in k and "ln_f" not in k}, path)
    name, fetched = str(tmp_path), []

    def load(model: str, **more: str) -> detok.Layer:
        layer = plain(model, **more)
        return replace(layer, source=Source(model, tmp_path, "0" * 40))

    def fetch(model: str, revision: str) -> None:
        fetched.append((model, revision))
        save_file(whole, path)

    plain = detok.load
    monkeypatch.setattr(detok, "load", load)
    monkeypatch.setattr(detok, "fetch", fetch)
    monkeypatch.setattr(entries, "read", lambda folder: entries.Entry(name, "0" * 40, 0, 0))
    monkeypatch.setattr("detok.app.page.is_offline_mode", lambda: False)
    monkeypatch.setenv("DETOK_MODEL", name)
    test = run(AFFINITY, head="1")
    (button,) = [button for button in test.button if button.label.startswith("Fetch these")]
    # (d, d) and (d,) in float32.
    assert button.label == "Fetch these weights (1.09 kB)"
    succeed(button.click().run())
    assert fetched == [(name, "0" * 40)]
    assert "passed-on" in figures(test)
    cached.load_layer.clear(name)
