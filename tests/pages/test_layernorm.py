"""The page of LayerNorm: it shows what the library computes, and every control acts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from tests.support.pages import files, run, succeed, texts

LAYERNORM = "pages/3_LayerNorm_variance.py"


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("5")


def test_it_shows_what_the_library_computes() -> None:
    stats = detok.layernorm_stats(detok.load("mini"))
    test = run(LAYERNORM, head="1", i="100")
    shown = texts(test)
    before, after = stats.norm_variances
    assert f"a variance of {before:.3g} before and {after:.3g} after" in shown
    assert f"{len(stats.outliers)} of 256 positions" in shown
    assert len(set(files(test).values())) == 8
    assert "Head 1, i = 100. j = 0:" in shown
    assert "j = 50:" in shown


def change_position(test: AppTest) -> None:
    test.slider(key="i").set_value(0)


@pytest.mark.parametrize("change", [change_head, change_position])
def test_every_control_changes_the_switch(change: Callable[[AppTest], None]) -> None:
    test = run(LAYERNORM, head="1")
    before, said = files(test)["switch"], texts(test)
    change(test)
    succeed(test.run())
    assert files(test)["switch"] != before
    assert texts(test) != said


def test_var_e_against_frequency_is_that_of_the_frequency_page() -> None:
    said = [texts(run(page)) for page in (LAYERNORM, "pages/6_Token_frequency.py")]
    sentences = [re.search(r"Spearman's ρ of Var\(e\).*", text)[0] for text in said]
    assert sentences[0] == sentences[1]


def test_another_model_without_counts(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    """Sixteen positions and two heads, which a link to another model may be beyond."""
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(LAYERNORM, i="200", head="7")
    assert test.slider(key="i").value < 16
    assert "no token counts" in texts(test)
