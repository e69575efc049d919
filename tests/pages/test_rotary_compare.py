"""The page that compares heads, of which one model or both have rotary positions."""

from pathlib import Path

import pytest

import detok
from detok.readings import compare as readings
from detok.tables import compare as tables, compare_heads
from tests.support.families import random_member
from tests.support.pages import check_figures, figures, run, succeed, texts
from tests.support.rotary import ROTARY
from tests.support.rotary_layers import save_with_counts

COMPARE = "pages/12_Compare.py"
TEXT = "There stood old Captain Ahab"
# With biases; with ee alone and a window.
MEMBERS = {"qwen2": 0, "mistral": 1}


@pytest.fixture(scope="module", params=MEMBERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    save_with_counts(folder, request.param, MEMBERS[request.param])
    return folder


@pytest.fixture(autouse=True)
def opened(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on the model."""
    monkeypatch.setenv("DETOK_MODEL", str(folder))
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path))


@pytest.mark.parametrize("what", [tables.ATTENTION, tables.RANK, tables.SUM, "ee"])
@pytest.mark.parametrize("other", ["the same", "mini"])
def test_on_a_text(folder: Path, what: str, other: str) -> None:
    layer = detok.load(folder)
    test = run(COMPARE, passage=TEXT, what=what, other=other, head="0", head_right="2")
    right = layer if other == "the same" else detok.load("mini")
    offered = test.selectbox(key="what").options
    names = [n for n in layer.term_names if n in right.term_names]
    assert offered == [tables.ATTENTION, tables.RANK, tables.SUM, *names]
    said = texts(test)
    kinds = readings.kinds(layer, right)
    assert (kinds is None) is (other == "the same")
    assert kinds is None or kinds in said
    assert "six" not in said
    shown = figures(test)
    assert {"map-left", "map-right", "row", "heads"} <= set(shown)
    assert ("difference" in shown) is (other == "the same" or what == tables.ATTENTION)
    measures = set(compare_heads.MEASURES) & set(shown["heads"].table)
    assert {"pair_auroc", "near", "first", *layer.term_names} <= measures
    check_figures(test)


def test_on_a_word(folder: Path) -> None:
    test = run(COMPARE, on="Word", text="abc", other="mini")
    said = texts(test)
    assert "by Tᵉᵉ (at distance 1" in said
    assert "by Tᵉᵉ (σ is averaged over positions" in said
    assert "(left: at distance 1; right: σ is averaged over positions)" in said
    check_figures(test)


def test_a_cell_is_one_that_the_token_sees(folder: Path) -> None:
    layer = detok.load(folder)
    last = len(layer.tokenizer.encode(TEXT)) - 1
    test = run(COMPARE, passage=TEXT, cell_i=str(last))
    j = test.number_input(key="cell_j")
    assert (j.min, j.max) == (layer.first_visible(last), last)
    succeed(j.set_value(int(j.min)).run())
    assert f"At i = {last}, j = {int(j.min)} " in texts(test)


def test_tokens_that_see_only_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No two tokens of such a model are at distance 1: that is said, and all else is shown."""
    name, config = ROTARY["mistral"][1]
    random_member(tmp_path, name, {**config, "sliding_window": 1})
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    test = run(COMPARE, on="Word", text="abc")
    assert "expected 0 ≤ distance < 1" in texts(test)
    assert set(figures(test)) == {"heads"}


def test_a_rotary_model_on_the_right(folder: Path) -> None:
    test = run(COMPARE, model="mini", other=str(folder), passage=TEXT, what="ee")
    layer = detok.load(folder)
    assert readings.kinds(detok.load("mini"), layer) in texts(test)
    check_figures(test)
