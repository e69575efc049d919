"""What is said of reversed attention follows from its tables."""

import re

import pandas as pd
import pytest

import detok
from detok.readings import reversed as readings
from detok.tables import reversed as tables


@pytest.fixture(scope="module")
def found(a_run: detok.Run) -> detok.ReversedAttention:
    return detok.reversed_attention(a_run)


def test_the_head_that_matters_most(found: detok.ReversedAttention) -> None:
    norms = tables.norms(found)
    said = readings.answer(tables.largest(norms, "reversed"), norms)
    layer, head = divmod(found.norms.argmax().item(), 4)
    largest = found.norms.max().item()
    assert f"in head {head} of layer {layer}: {largest:.3g}, " in said
    assert f"{largest / found.norms.sum().item():.1%} of the sum over 12 heads" in said
    assert said.endswith("The mean of a head is 8.3%.")


def test_heads_that_tie_one_head_and_none_that_matters() -> None:
    def said(*values: float) -> str:
        table = pd.DataFrame(
            {"layer": range(len(values)), "head": 0, "reversed": values, "share": 1 / len(values)}
        )
        return readings.answer(tables.largest(table, "reversed"), table)

    assert "the same, in head 0 of layer 0, head 0 of layer 1: 2 each, 50.0%" in said(2, 2)
    assert "the same, in 5 heads: 2 each" in said(2, 2, 2, 2, 2)
    assert said(0, 0) == said(0) == readings.NOTHING
    assert said(3) == "The model has a single head: ‖R‖ is 3."


def test_forward_norms(found: detok.ReversedAttention) -> None:
    norms = tables.norms(found)
    said = readings.forward(tables.largest(norms, "forward"), tables.even_norm(9), 9)
    layer, head = divmod(found.forward_norms.argmax().item(), 4)
    assert said.endswith(
        f"Largest in head {head} of layer {layer}: {found.forward_norms.max().item():.3g}."
    )
    assert f"{tables.even_norm(9):.3g} would be attention spread evenly over this text, 3 " in said


def test_only_the_last_layer_has_rows_of_0(a_run: detok.Run) -> None:
    of_last = [readings.gradient(a_run, number) for number in range(3)]
    assert ["all other rows are 0" in said for said in of_last] == [False, False, True]
    one = detok.run(a_run.model, [5])
    assert "all other rows" not in readings.gradient(one, 2)


@pytest.mark.parametrize(
    ("R", "words"),
    [(0.25, "would raise the loss, by 0.25"), (-2e-3, "would lower the loss, by 0.002"), (0, "as")],
)
def test_a_pair(
    first: detok.Layer, a_run: detok.Run, found: detok.ReversedAttention, R: float, words: str
) -> None:
    row = tables.one(tables.pairs(first, a_run, found, 0, 1), 4, 2)
    row["reversed"] = R
    said = readings.pair(row, is_shown=True)
    assert words in said
    names = first.tokenizer.show_each(a_run.ids.tolist())
    assert f"i = 4 “{names[4]}”, j = 2 “{names[2]}”" in said
    assert readings.pair(row, is_shown=False) == f"{said} The pair is not among the tokens shown."


def test_the_strongest_pairs(
    first: detok.Layer, a_run: detok.Run, found: detok.ReversedAttention
) -> None:
    every = tables.pairs(first, a_run, found, 2, 1)
    table = tables.strongest(every, 3)
    said = readings.strongest(table, *tables.share(table, every))
    # In the last layer, only the last token's attention has a gradient.
    assert "R is not 0 for 9 pairs: 3 of them would hold 33% if all were alike" in said
    assert f"hold {tables.share(table, every)[0]:.0%} of Σ|R|" in said
    assert readings.strongest(table[:0], 0, 0) == "R of this head is 0 for every pair."
    assert readings.strongest(table[:1], 0.5, 1).startswith("The strongest pair holds 50%")


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([1.0, 1.5, 2.0, 3.0], "All 2 negative η tried lower the loss."),
        ([2.5, 1.5, 2.0, 3.0], "Of 2 negative η tried, 1 lowers the loss, and -9 does not:"),
        ([2.5, 2.0, 2.0, 3.0], "None of the 2 negative η tried lowers the loss."),
    ],
)
def test_whether_a_step_against_the_gradient_lowers_the_loss(
    losses: list[float], words: str
) -> None:
    table = pd.DataFrame({"eta": [-9.0, -1.0, 0.0, 1.0], "loss": losses, "probability": 0.5})
    said = readings.patching(table, tables.lowered(table), -1)
    assert words in said
    assert "(loss 2.000); at η = -1, " in said
    assert "at η" not in readings.patching(table, tables.lowered(table), 0)


def test_the_target_is_named(a_run: detok.Run) -> None:
    assert f"−log p({a_run.model.tokenizer.show(7)})" in readings.reverse(a_run)
    assert not re.search(r"\bnan\b", readings.reverse(a_run))
