"""What is said of the terms' loss attribution follows from its tables."""

import pandas as pd
import pytest

import detok
from detok.readings import attribution as readings
from detok.scores.decomposition import TERMS
from detok.tables import attribution as tables


@pytest.fixture(scope="module")
def found(first: detok.Layer, a_run: detok.Run) -> detok.TermAttribution:
    return detok.term_attribution(a_run, first)


@pytest.fixture(scope="module")
def by_head(found: detok.TermAttribution) -> pd.DataFrame:
    return tables.by_head(found)


@pytest.mark.parametrize(("sign", "does"), [(1, "less"), (-1, "more")])
def test_the_largest(
    a_run: detok.Run, found: detok.TermAttribution, by_head: pd.DataFrame, sign: int, does: str
) -> None:
    head, term = divmod(found.by_term.abs().argmax().item(), 6)
    value = found.by_term[head, term].item()
    factor = sign if value > 0 else -sign
    table = by_head.assign(attribution=factor * by_head["attribution"])
    said = readings.answer(tables.largest(table), a_run)
    assert f"{TERMS[term]} of head {head}, {factor * value:+.3g}, where the mean" in said
    assert f"is {found.by_term.abs().mean().item():.3g}. " in said
    assert f"the loss by {factor * value / 100:+.2g} nats" in said
    assert said.endswith(f"make {a_run.model.tokenizer.show(7)} {does} probable.")


def test_terms_that_tie_and_none_that_matters(a_run: detok.Run, by_head: pd.DataFrame) -> None:
    even = by_head.assign(attribution=1.0)
    assert readings.answer(tables.largest(even), a_run).endswith("23 more are as large.")
    none = by_head.assign(attribution=0.0)
    assert readings.answer(tables.largest(none), a_run) == readings.NOTHING


def test_all_heads_at_once(found: detok.TermAttribution, by_head: pd.DataFrame) -> None:
    said = readings.by_head(tables.over_heads(by_head), found.total.sum().item())
    for term, value in zip(TERMS, found.by_term.sum(0).tolist(), strict=True):
        assert f"{term} {value:+.3g}" in said
    assert said.endswith(f"together {found.total.sum().item():+.3g}.")


def test_how_a_head_adds_up(found: detok.TermAttribution, by_head: pd.DataFrame) -> None:
    table = tables.of_head(by_head, 2)
    said = readings.of_head(table, 2, tables.cancelled(table))
    assert f"add up to {found.by_term[2].sum().item():+.3g}; " in said
    assert f"own scores is {found.total[2].item():+.3g}. " in said
    assert f"{tables.cancelled(table):.0%} of what the six do" in said
    none = table.assign(value=0.0, start=0.0, end=0.0)
    assert readings.of_head(none, 2, tables.cancelled(none)).endswith("attributions are 0.")


def test_what_was_tried(first: detok.Layer, a_run: detok.Run, by_head: pd.DataFrame) -> None:
    table = tables.tried(tables.of_head(by_head, 1), a_run, first, 1)
    rows = [tables.furthest(table, column) for column in ("of_largest", "relative")]
    said = readings.tried(*rows, "float64")
    six = table[:-1]
    assert f"{six['of_largest'].max():.2%} of the head’s largest attribution" in said
    assert f"{six['relative'].max():.2%}, in {six.loc[six['relative'].idxmax(), 'part']} " in said
    assert "computes in float64" in said
    assert f"{tables.EPSILON:.0%} of a term" in said
    assert readings.tried(None, None, "float32").endswith("no relative difference.")


def test_the_pairs_that_do_most(first: detok.Layer, a_run: detok.Run) -> None:
    every = tables.by_pair(first, a_run, 0)
    table = tables.carriers(every, 4)
    share, n = tables.share(table, every)
    said = readings.carriers(table, share, n, 0)
    assert said.startswith(f"The 4 pairs that do most hold {share:.0%} of the sizes of all; ")
    assert f"{n} pairs have any, and 4 would hold {4 / n:.0%}" in said
    assert readings.carriers(table[:0], 0, 0, 0).endswith(
        "no pair has an attribution other than 0."
    )
    one = readings.carriers(table[:6], 1.0, 1, 0)
    assert one.startswith("The pair that does most holds 100% of the sizes of all; 1 pair has any")
