"""What is said of the backward lens follows from its tables."""

import pandas as pd
import pytest

import detok
from detok.readings import lens as readings
from detok.tables import lens as tables


@pytest.fixture(scope="module")
def table(a_run: detok.Run) -> pd.DataFrame:
    return tables.cells(detok.backward_lens(a_run), "second")


@pytest.mark.parametrize("end", ["least", "most"])
def test_the_answer_is_the_largest_norm(
    a_run: detok.Run, table: pd.DataFrame, end: tables.End
) -> None:
    best = table.sort_values("norm").iloc[-1]
    said = readings.largest(table, a_run, tables.largest(table), end)
    assert f"{best['norm']:.3g}, stands in layer {best['layer']}" in said
    assert f"at position {best['position']}," in said
    assert f"ranks {int(best[f'{end}_rank'])} of 300 in LL(δ_i) (1: {end} probable)" in said
    assert "chance would give 150.5 on average" in said


def test_the_first_matrix_is_read_by_its_inputs(a_run: detok.Run) -> None:
    table = tables.cells(detok.backward_lens(a_run), "first")
    assert "of 300 in LL(x_i) (1: most probable)" in readings.largest(
        table, a_run, tables.largest(table), "most"
    )
    assert "imprints" in readings.tokens(a_run, "first")
    assert "imprints" not in readings.tokens(a_run, "second")


def test_how_often_the_target_is_near_the_end(a_run: detok.Run, table: pd.DataFrame) -> None:
    n_near = int((table["least_rank"] <= 10).sum())
    said = readings.near(tables.near(table, "least", 300), a_run, "least")
    assert f"10 least probable tokens in {n_near} of 19 cells with a gradient" in said
    assert "chance would give 0.63." in said  # 19 · 10 / 300
    assert "In the last layer, 2, only the last position has a gradient." in said


def test_one_token_has_no_grey_cell(whole: detok.Model) -> None:
    run = detok.run(whole, [5])
    table = tables.cells(detok.backward_lens(run), "second")
    assert "Grey" not in readings.near(tables.near(table, "least", 300), run, "least")


def test_a_cell_with_and_without_a_gradient(a_run: detok.Run, table: pd.DataFrame) -> None:
    norm = table.loc[(table["layer"] == 1) & (table["position"] == 4), "norm"].item()
    said = readings.cell(table, a_run, 1, 4, "least")
    assert said.startswith("Layer 1, position 4, “")
    assert f"the norm of the VJP is {norm:.3g}. There “" in said
    none = readings.cell(table, a_run, 2, 4, "least")
    assert "the norm of the VJP is 0." in none
    assert "ranks" not in none


def test_where_nothing_has_a_gradient(a_run: detok.Run, table: pd.DataFrame) -> None:
    ranks = dict.fromkeys(["least_rank", "most_rank"], float("nan"))
    none = table.assign(norm=0.0, **ranks)
    assert "is 0 in every layer" in readings.largest(none, a_run, tables.largest(none), "least")
    assert readings.near(tables.near(none, "least", 300), a_run, "least").startswith("Grey")
