"""The pair AUROC in a few numbers: two means, the ranks of true predecessors, kinds, samples."""

from dataclasses import replace

import numpy as np
import pytest

import detok
from detok.counting.counts import Counts
from detok.heads.pair_summary import sample_of_text
from detok.model.token_kinds import TOKEN_KINDS


@pytest.fixture(scope="module")
def found(layer: detok.Layer, counts: Counts) -> detok.PairAuroc:
    return detok.pair_auroc(layer, counts)


def test_the_summary_of_all_tokens(found: detok.PairAuroc, counts: Counts) -> None:
    table = detok.pair_summary(found, counts)
    np.testing.assert_allclose(table["mean"], found.mean())
    np.testing.assert_allclose(table["unweighted"], found.unweighted_mean())
    for name in ("mean", "unweighted"):
        assert (table[f"{name}_low"] == table[name]).all()
        assert (table[f"{name}_high"] == table[name]).all()
    rank = found.rank[:, found.best >= 0]
    np.testing.assert_allclose(table["median_rank"], np.median(rank, axis=1))
    np.testing.assert_allclose(table["first_3"], (rank <= 3).mean(axis=1))
    np.testing.assert_allclose(table["first_20"], (rank <= 20).mean(axis=1))


def test_samples_estimate_both_means_with_intervals_that_cover_them(
    found: detok.PairAuroc, counts: Counts
) -> None:
    inside = []
    for seed in range(200):
        sample = np.random.default_rng(seed).permutation(counts.vocab_size)[:60]
        text = found.at(sample_of_text(counts, 100, seed))
        table = detok.pair_summary(found.at(sample), counts, text)
        for name, mean in (("mean", found.mean()), ("unweighted", found.unweighted_mean())):
            inside.append((table[f"{name}_low"] <= mean) & (mean <= table[f"{name}_high"]))
    assert 0.9 < np.mean(inside[::2]) < 0.98
    assert 0.9 < np.mean(inside[1::2]) < 0.98


def test_no_interval_of_few_tokens_or_of_weights_from_the_vocabulary(
    found: detok.PairAuroc, counts: Counts
) -> None:
    part = found.at(np.arange(40))
    table = detok.pair_summary(part, counts)
    np.testing.assert_allclose(table["mean"], part.mean())
    assert table["mean_low"].isna().all()
    assert table["unweighted_low"].notna().all()
    few = detok.pair_summary(found.at(np.arange(5)), counts, found.at(np.arange(5)))
    assert few[["mean_low", "mean_high", "unweighted_low", "unweighted_high"]].isna().all(axis=None)


def test_places_of_a_text_have_its_tokens_as_often_as_they_occur(counts: Counts) -> None:
    drawn = sample_of_text(counts, 50_000, 3)
    share = np.bincount(drawn, minlength=counts.vocab_size) / len(drawn)
    np.testing.assert_allclose(share, counts.tokens / counts.tokens.sum(), atol=0.01)
    assert drawn.tolist() == sample_of_text(counts, 50_000, 3).tolist()
    assert not len(sample_of_text(Counts.empty(5), 10))


def test_by_kind(layer: detok.Layer, found: detok.PairAuroc) -> None:
    kinds = detok.token_kinds(layer)
    table = detok.pair_by_kind(found, kinds)
    assert table["kind"].unique().tolist() == list(TOKEN_KINDS)
    assert table.groupby("head")["n"].sum().tolist() == [found.has_area.sum()] * layer.n_heads
    for row in table[table["n"] > 0].itertuples():
        part = found.at(np.flatnonzero(kinds == row.kind))
        assert row.mean == part.mean()[row.head]
        assert row.unweighted == part.unweighted_mean()[row.head]
        assert row.n_best == (part.best >= 0).sum()
        if row.n_best:
            assert row.first_3 == part.share_in_first(3)[row.head] <= row.any_first_3
    nothing = replace(found, area=found.area * np.nan, best=found.best * 0 - 1)
    assert detok.pair_by_kind(nothing, kinds)[["mean", "first_3"]].isna().all(axis=None)


def test_nothing_counted(layer: detok.Layer, no_counts: Counts) -> None:
    table = detok.pair_summary(detok.pair_auroc(layer, no_counts), no_counts)
    assert table.drop(columns="head").isna().all(axis=None)
