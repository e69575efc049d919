"""The LayerNorm page of models that add no positions to their tokens."""

from pathlib import Path

import pytest

import detok
from detok.readings import token_scale as readings
from detok.scores.token_scale import token_scale
from tests.support.families import random_member
from tests.support.pages import check_figures, figures, run, texts
from tests.support.rotary import ROTARY
from tests.support.rotary_layers import save_with_counts

LAYERNORM = "pages/3_LayerNorm_variance.py"


@pytest.mark.parametrize(("family", "number"), [("qwen2", 0), ("gpt_neox", 0), ("bloom", 1)])
def test_what_there_is_of_it(
    family: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_with_counts(tmp_path, family, number)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    layer = detok.load(tmp_path)
    test = run(LAYERNORM)
    assert readings.begun(layer) in texts(test)
    assert set(figures(test)) == {"norms", "token-sigma"}
    sigma = token_scale(layer).sigma
    table = figures(test)["token-sigma"].table
    assert table["sigma"].tolist() == sigma[table["token_id"].tolist()].tolist()
    links = [link.proto.label for link in test.main.get("page_link")]
    assert {"What this model gives to distances", "The terms of its scores"} <= set(links)
    check_figures(test)


def test_without_counts_or_without_a_norm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for family, shown in (("llama", {"norms"}), ("olmo2", set())):
        folder = tmp_path / family
        random_member(folder, *ROTARY[family][0])
        monkeypatch.setenv("DETOK_MODEL", str(folder))
        test = run(LAYERNORM)
        assert readings.begun(detok.load(folder)) in texts(test)
        assert set(figures(test)) == shown
        assert not test.error
