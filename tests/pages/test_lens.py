"""The page of the backward lens: it shows what the library computes, and every control acts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import detok
from tests.support.pages import figures, files, run, succeed, texts

LENS = "pages/10_Backward_lens.py"
TEXT = "toast is in there"


def test_it_shows_what_the_library_computes(twelve: Path) -> None:
    test = run(LENS, passage=TEXT, target="9", layer="4", at="2", every="true", eta="0.01")
    shown, said = figures(test), texts(test)
    model = detok.load_model(twelve)
    found = detok.run(model, model.tokenizer.encode(TEXT), 9)
    lens = detok.backward_lens(found)
    cells = shown["ranks"].table
    assert len(cells) == 12 * found.n
    for row in cells.itertuples():
        at = row.layer, row.position
        assert row.norm == pytest.approx(lens.second_norms[at].item(), rel=1e-5)
        if row.norm:
            assert row.least_rank == lens.least_ranks[at].item()
    assert f"Layer 4, position 2, “{model.tokenizer.show(found.ids[2].item())}”" in said
    least = shown["tokens"].listed["least"]["token_id"].tolist()
    assert least == [token for token, _ in lens.tokens(4, 2)[1]]
    shift = detok.forward_shift(model, found.ids, 9, 11, 0.01)
    assert f"{shift.before:.3g} before, and of {shift.after.item():.3g}" in said
    assert shown["shift-layers"].table["after"].iloc[-1] == pytest.approx(shift.after.item())
    assert "Counterfactual" in said
    assert len(set(files(test).values())) == 5


def test_a_position_of_another_text_is_forgotten_without_a_word(twelve: Path) -> None:
    test = run(LENS, passage=TEXT, layer="4", at="3")
    succeed(test.text_area(key="passage").input("to").run())
    assert test.number_input(key="layer").value == 4
    assert test.number_input(key="at").value is None
    assert "cannot be used" not in texts(test)


def test_at_first_it_shows_the_cell_of_the_largest_norm(twelve: Path) -> None:
    test = run(LENS, passage=TEXT)
    best = figures(test)["norms"].table.sort_values("norm").iloc[-1]
    assert f"Layer {best['layer']}, position {best['position']}, “" in texts(test)


@pytest.mark.usefixtures("twelve")
def test_the_lines_give_the_tables_of_all_layers() -> None:
    shown = figures(run(LENS, passage=TEXT, layer="3", at="1", end="most", every="true"))
    assert len(shown) == 5
    for figure in shown.values():
        names: dict[str, Any] = {}
        exec(figure.code, names)
        pd.testing.assert_frame_equal(
            names["table"].reset_index(drop=True), figure.table.reset_index(drop=True)
        )


def change_matrix(test: AppTest) -> None:
    test.selectbox(key="matrix").select("first")


def change_end(test: AppTest) -> None:
    test.selectbox(key="end").select("most")


def change_layer(test: AppTest) -> None:
    test.number_input(key="layer").set_value(3)


def change_position(test: AppTest) -> None:
    test.number_input(key="at").set_value(1)


def change_shifted(test: AppTest) -> None:
    test.selectbox(key="shift_layer").select(5)


def change_eta(test: AppTest) -> None:
    test.selectbox(key="eta").select(0.5)


def change_sample(test: AppTest) -> None:
    test.number_input(key="sample").set_value(5)


@pytest.mark.parametrize(
    "change",
    [
        change_matrix,
        change_end,
        change_layer,
        change_position,
        change_shifted,
        change_eta,
        change_sample,
    ],
)
@pytest.mark.usefixtures("twelve")
def test_every_control_acts(change: Callable[[AppTest], None]) -> None:
    test = run(LENS, passage=TEXT)
    said = texts(test)
    change(test)
    succeed(test.run())
    assert texts(test) != said


@pytest.mark.usefixtures("twelve")
def test_a_position_is_none_of_a_shorter_text() -> None:
    test = run(LENS, passage=TEXT, at="6")
    test.text_area(key="passage").set_value("to")
    succeed(test.run())
    assert "position 0, “" in texts(test)
    assert not test.error


@pytest.mark.usefixtures("twelve")
def test_a_link_to_what_there_is_not() -> None:
    test = run(LENS, passage=TEXT, layer="12", at="99", matrix="third", eta="7", shift_layer="x")
    said = texts(test)
    for value in ("12", "99", "third", "7", "x"):
        assert f"“{value}” cannot be used" in said
    assert "Forward shift" in [header.value for header in test.header]


@pytest.mark.usefixtures("twelve")
def test_a_cell_without_a_gradient_has_no_tokens() -> None:
    test = run(LENS, passage=TEXT, layer="11", at="0")
    assert "the norm of the VJP is 0." in texts(test)
    assert not test.dataframe


@pytest.mark.parametrize("passage", ["a", TEXT])
def test_a_model_of_one_layer(monkeypatch: pytest.MonkeyPatch, checkpoint: Path, passage: str):  # noqa: ANN201
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(LENS, passage=passage)
    assert (len(figures(test)["norms"].table) == 1) == (passage == "a")
    assert "every" not in [toggle.key for toggle in test.toggle]
    assert ("In the only layer only the last position" in texts(test)) == (passage == TEXT)
