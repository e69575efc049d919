"""The page of reversed attention: it shows what the library computes, and every control acts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.readings.reversed import NOTHING
from detok.tables.attribution import EPSILON
from detok.tables.reversed import ETAS
from tests.support.models import random_checkpoint
from tests.support.pages import figures, files, follow, run, succeed, texts

REVERSED = "pages/9_Reversed_attention.py"
TEXT = "She was unfit and tranquil."


@pytest.fixture(scope="module")
def a_run() -> detok.Run:
    model = detok.load_model("mini")
    return detok.run(model, model.tokenizer.encode(TEXT), 7)


@pytest.fixture
def two_layers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    random_checkpoint(tmp_path, n_layer=2, n_head=3, n_embd=24, n_positions=48)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    return tmp_path


def test_it_shows_what_the_library_computes(a_run: detok.Run) -> None:
    test = run(REVERSED, passage=TEXT, target="7", head="1", eta="-3.0", check="true")
    said = texts(test)
    found = detok.reversed_attention(a_run)
    layer = detok.load("mini")
    attribution = detok.term_attribution(a_run, layer)
    assert f": {found.norms.max().item():.3g}, " in said
    assert f"the six add up to {attribution.by_term[1].sum().item():+.3g}; " in said
    patched = detok.patched(a_run.model, a_run.ids, found, -3).probability(7).item()
    assert f"at η = -3, {patched:.3g} (loss " in said
    assert "Counterfactual: patched weights" in said
    strongest = figures(test)["strongest"].table
    expected = found.strongest(0, 1)
    assert list(zip(strongest["i"], strongest["j"], strict=True)) == [p[:2] for p in expected]
    tried = figures(test)["tried"].table.set_index("part")["tried"]
    again = detok.finite_differences(a_run, layer, 1, EPSILON).tolist()
    assert tried[[*detok.TERMS]].tolist() == pytest.approx(again, rel=1e-3, abs=1e-5)


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("1")


def change_target(test: AppTest) -> None:
    test.selectbox(key="target").select_index(1)


def change_text(test: AppTest) -> None:
    test.text_area(key="passage").set_value("He said it was a tranquil day")


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (change_head, {"strongest", "of_head", "by_pair"}),
        (change_target, {"reversed", "strongest", "attribution", "by_pair", "patching"}),
        (change_text, {"forward", "reversed", "strongest", "attribution", "patching"}),
    ],
)
def test_every_control_acts(change: Callable[[AppTest], None], changed: set[str]) -> None:
    test = run(REVERSED, passage=TEXT, head="0")
    before, said = files(test), texts(test)
    change(test)
    succeed(test.run())
    after = files(test)
    assert changed <= {name for name in after if after[name] != before[name]}
    assert texts(test) != said


def test_the_step_is_marked_in_the_curve_and_in_the_link() -> None:
    test = run(REVERSED, passage=TEXT)
    before = texts(test)
    test.select_slider(key="eta").set_value(10.0)
    succeed(test.run())
    assert test.query_params["eta"] == "10.0"
    assert texts(test) != before
    assert "at η = 10, " in texts(test)
    assert "“2” cannot be used for “η”" in texts(run(REVERSED, passage=TEXT, eta="2"))


def test_the_check_is_made_on_demand() -> None:
    test = run(REVERSED, passage=TEXT)
    assert "tried" not in figures(test)
    test.toggle(key="check").set_value(True)
    succeed(test.run())
    assert len(figures(test)["tried"].table) == 7
    assert "Largest difference: " in texts(test)


def test_a_pair_is_framed_said_and_leads_to_its_six_terms() -> None:
    test = run(REVERSED, passage=TEXT, head="1", pair_i="3", pair_j="1")
    assert "i = 3 “" in texts(test)
    drawn = figures(test)["reversed_of_pairs"].drawn
    assert drawn.loc[drawn["chosen"], ["i", "j"]].to_numpy().tolist() == [[3, 1]]
    there = follow(test, "The six terms of this pair")
    assert there.text_area(key="passage").value == TEXT
    assert (there.number_input(key="pair_i").value, there.number_input(key="pair_j").value) == (
        3,
        1,
    )
    assert there.selectbox(key="head").value == "1"


def test_a_pair_of_another_text_is_forgotten_without_a_word() -> None:
    test = run(REVERSED, passage=TEXT, pair_i="5", pair_j="2")
    test.text_area(key="passage").set_value("It was")
    succeed(test.run())
    assert test.number_input(key="pair_i").value is None
    assert "cannot be used" not in texts(test)


def test_a_long_text_is_shown_from_its_end_and_by_its_window() -> None:
    long = "She was tranquil and he was not. " * 6
    test = run(REVERSED, passage=long)
    n = len(figures(test)["of_head"].more["token_ids"])
    shown = figures(test)["attention_of_pairs"].drawn
    assert shown["i"].max() == n - 1
    assert shown["i"].min() > 0
    test.slider(key="window").set_value(0)
    succeed(test.run())
    assert figures(test)["attention_of_pairs"].drawn["i"].min() == 0
    assert len(figures(test)["attention_of_pairs"].table) == n * (n + 1) // 2


def test_a_single_token_has_no_reversed_attention() -> None:
    layer = detok.load("mini")
    (token,) = layer.tokenizer.encode("a")
    test = run(REVERSED, passage=layer.tokenizer.text(token), check="true")
    said = texts(test)
    assert NOTHING in said
    assert "R of this head is 0 for every pair." in said
    assert "no term of any head changes the loss" in said
    assert "no relative difference" in said
    n = sum(eta < 0 for eta in ETAS)
    assert f"None of the {n} negative η tried lowers the loss." in said


def test_several_layers(two_layers: Path) -> None:
    test = run(REVERSED, passage="tea in the rain", layer="1", head="2")
    assert test.selectbox(key="layer").options == ["0", "1"]
    assert len(figures(test)["reversed"].table) == 6
    assert "all other rows are 0" in texts(test)
    assert "The six terms of this pair" not in [p.proto.label for p in test.get("page_link")]
    test.selectbox(key="layer").select(0)
    succeed(test.run())
    assert "all other rows are 0" not in texts(test)
    assert "The six terms of this pair" in [p.proto.label for p in test.get("page_link")]
