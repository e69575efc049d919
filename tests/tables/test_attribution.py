"""The tables of the terms' loss attribution add up, and are what the loss does."""

import numpy as np
import pytest

import detok
from detok.scores.decomposition import TERMS
from detok.tables import attribution as tables


@pytest.fixture(scope="module")
def found(first: detok.Layer, a_run: detok.Run) -> detok.TermAttribution:
    return detok.term_attribution(a_run, first)


def test_every_term_of_every_head_is_in_its_place(found: detok.TermAttribution) -> None:
    table = tables.by_head(found)
    assert len(table) == 24
    for row in table.itertuples():
        assert row.attribution == found.by_term[row.head, TERMS.index(row.term)]
        assert row.total == found.total[row.head]
        assert row.order == TERMS.index(row.term)
    over = tables.over_heads(table)
    assert over.index.tolist() == list(TERMS)
    assert over.tolist() == pytest.approx(found.by_term.sum(0).tolist())
    best = tables.largest(table).iloc[0]
    assert abs(best["attribution"]) == found.by_term.abs().max()
    assert best["mean"] == pytest.approx(found.by_term.abs().mean().item())


@pytest.mark.parametrize("head", range(4))
def test_the_bars_of_a_head_add_up_to_its_own_scores(
    found: detok.TermAttribution, head: int
) -> None:
    table = tables.of_head(tables.by_head(found), head)
    assert table["part"].tolist() == [*TERMS, "sum"]
    bars = table[:-1]
    np.testing.assert_allclose(bars["end"] - bars["start"], bars["value"])
    np.testing.assert_array_equal(bars["start"][1:], bars["end"][:-1])
    # The last bar is Σ R ⊙ s, of queries and keys as the model has them.
    assert bars["end"].iloc[-1] == pytest.approx(table["end"].iloc[-1], abs=1e-10)
    six = found.by_term[head]
    expected = 1 - six.sum().abs() / six.abs().sum()
    assert tables.cancelled(table) == pytest.approx(expected.item())


def test_finite_differences_stand_beside_the_attributions(
    first: detok.Layer, a_run: detok.Run, found: detok.TermAttribution
) -> None:
    table = tables.tried(tables.of_head(tables.by_head(found), 2), a_run, first, 2)
    tried = detok.finite_differences(a_run, first, 2, tables.EPSILON).tolist()
    for row, again in zip(table[:-1].itertuples(), tried, strict=True):
        assert row.tried == again
        assert row.difference == pytest.approx(abs(again - row.value))
        assert row.relative == pytest.approx(abs(again / row.value - 1))
    assert table["of_largest"].max() < 0.02  # both are the loss's own change
    assert np.isnan(table["tried"].iloc[-1])
    furthest = tables.furthest(table, "relative")
    assert furthest["relative"] == table["relative"].max()
    assert furthest["part"] in TERMS


@pytest.mark.parametrize("head", range(4))
def test_the_pairs_of_a_head_add_up_to_its_bars(
    first: detok.Layer, a_run: detok.Run, found: detok.TermAttribution, head: int
) -> None:
    every = tables.by_pair(first, a_run, head)
    assert len(every) == 45
    sums = [every[term].sum() for term in TERMS]
    assert sums == pytest.approx(found.by_term[head].tolist(), abs=1e-12)
    assert every["total"].sum() == pytest.approx(found.total[head].item(), abs=1e-10)


def test_a_constant_of_a_row_counts_in_no_pair(first: detok.Layer, a_run: detok.Run) -> None:
    """The pairs of a row are what attention weighs as a covariance: of all scores, too."""
    every = tables.by_pair(first, a_run, 1)
    A = a_run.attention[0, 1]
    E = a_run.d_heads[0, 1] @ a_run.values[0, 1].mT
    s = a_run.queries[0, 1] @ a_run.keys[0, 1].mT  # with what softmax ignores
    for i in range(a_run.n):
        mean = (A[i] * E[i]).sum(), (A[i] * s[i]).sum()
        expected = A[i] * (E[i] - mean[0]) * (s[i] - mean[1]) / a_run.model.d_head**0.5
        own = every.loc[every["i"] == i, "total"].to_numpy()
        np.testing.assert_allclose(own, expected[: i + 1], atol=1e-12)


def test_the_pairs_that_do_most(first: detok.Layer, a_run: detok.Run) -> None:
    every = tables.by_pair(first, a_run, 0)
    table = tables.carriers(every, 5)
    assert len(table) == 30
    totals = table.drop_duplicates("rank")["total"].abs()
    assert totals.tolist() == sorted(every["total"].abs(), reverse=True)[:5]
    for _, rows in table.groupby("rank"):
        assert rows["term"].tolist() == list(TERMS)
        assert rows["attribution"].sum() == pytest.approx(rows["total"].iloc[0])
        own = every[(every["i"] == rows["i"].iloc[0]) & (every["j"] == rows["j"].iloc[0])]
        assert own[list(TERMS)].to_numpy()[0] == pytest.approx(rows["attribution"].to_numpy())
    share, n = tables.share(table, every)
    assert share == pytest.approx(totals.sum() / every["total"].abs().sum())
    assert n == (every["total"] != 0).sum()


def test_of_one_token_every_attribution_is_0(first: detok.Layer, a_run: detok.Run) -> None:
    one = detok.run(a_run.model, [5])
    table = tables.of_head(tables.by_head(detok.term_attribution(one, first)), 0)
    assert not table[["value", "end"]].to_numpy().any()
    assert tables.cancelled(table) == 0
    tried = tables.tried(table, one, first, 0)
    assert tables.furthest(tried, "relative") is None
    assert tables.furthest(tried, "of_largest") is None
    every = tables.by_pair(first, one, 0)
    assert tables.carriers(every).empty
    assert tables.share(tables.carriers(every), every) == (0, 0)
