"""The tables of detokenizing heads: of which tokens, extremes, ROC curves, and ranks."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.counting.counts import Counts
from detok.heads.curves import N_POINTS
from detok.heads.measured import Measured, measured_on_sample
from detok.heads.summary import has_area
from detok.tables import heads as tables


def test_the_extent_of_all_tokens_and_of_a_sample(
    layer: detok.Layer, areas: detok.Auroc, counts: Counts
) -> None:
    whole = tables.extent(areas, counts)
    assert whole.is_whole
    assert whole.n_left_out == whole.n_left_out_of_all == (~has_area(counts)).sum() >= 30
    part = tables.extent(detok.auroc(layer, counts, [5, 6, 299]), counts)
    assert not part.is_whole
    assert (part.n, part.vocab_size, part.n_left_out, part.n_seen) == (3, 300, 1, 2)
    assert part.n_left_out_of_all == whole.n_left_out_of_all
    assert whole.has_all_seen
    assert not part.has_all_seen
    assert (whole.min_count, tables.extent(areas, counts.pruned(4)).min_count) == (1, 4)
    assert whole.top == 10
    assert part.chance == (len(counts.row(5)[0]) + len(counts.row(6)[0])) / 600


def test_the_extent_without_counts(layer: detok.Layer, no_counts: Counts) -> None:
    extent = tables.extent(detok.auroc(layer, no_counts), no_counts)
    assert (extent.n_left_out, extent.n_seen) == (300, 0)
    assert np.isnan(extent.chance)


def test_the_best_head_and_the_median_of_the_others() -> None:
    summary = pd.DataFrame({"head": range(4), "mean": [0.5, 0.9, 0.7, 0.6]})
    best = tables.best(summary)
    assert best[["head", "mean", "others"]].to_numpy().tolist() == [[1, 0.9, 0.6]]
    assert tables.best(summary.head(1))["others"].isna().all()
    best = tables.best(summary.assign(mean=[0.5, 0.9, 0.9, 0.7]))
    assert best["head"].tolist() == [1, 2]
    assert best["others"].tolist() == [0.6, 0.6]
    assert tables.best(summary.assign(mean=np.nan)).empty


def test_above_frequency_is_more_than_rounding() -> None:
    summary = pd.DataFrame({"head": range(3), "mean_low": [0.5, 0.5 + 1e-9, 0.6], "frequency": 0.5})
    assert tables.above_frequency(summary) == [2]
    assert tables.above_frequency(summary.assign(mean_low=np.nan)) == []


def test_by_kind(layer: detok.Layer, areas: detok.Auroc) -> None:
    table = tables.by_kind(areas, detok.token_kinds(layer), "paper")
    row = table[table["head"] == 1].iloc[0]
    assert row["label"] == f"{row['kind']} ({row['n']})"
    best = tables.best_by_kind(table)
    assert best["kind"].is_unique
    for row in best.itertuples():
        assert row.mean == table.loc[table["kind"] == row.kind, "mean"].max()
        assert (row.heads, row.n_heads) == ([row.head], 2)
    assert tables.best_by_kind(table.assign(mean=np.nan)).empty
    equal = tables.best_by_kind(table.assign(mean=0.5))
    assert equal["heads"].tolist() == [[0, 1]] * len(equal)


def test_extremes_are_sorted_and_have_enough_predecessors(
    layer: detok.Layer, areas: detok.Auroc, counts: Counts
) -> None:
    kinds = detok.token_kinds(layer)
    table = tables.extremes(layer, areas, counts, kinds, 1, 18)
    best, worst = (table[table["end"] == end] for end in ("best", "worst"))
    enough = areas.has_area & (areas.n_past >= 18)
    assert tables.ranked(areas, 18).tolist() == np.flatnonzero(enough).tolist()
    assert best["area"].iloc[0] == areas.area[1, enough].max()
    assert worst["area"].iloc[0] == areas.area[1, enough].min()
    assert best["area"].is_monotonic_decreasing
    assert worst["area"].is_monotonic_increasing
    assert (table["predecessors"] >= 18).all()
    assert not table["token_id"].duplicated().any()
    token = int(best["token_id"].iloc[0])
    past, weight = counts.row(token)
    joined = layer.tokenizer.show(int(past[weight.argmax()]), token)
    assert best["joined"].iloc[0] == joined
    assert tables.extremes(layer, areas, counts, kinds, 1, 300).empty
    assert not tables.all_equal(table)
    assert tables.all_equal(table.assign(area=0.5))
    area = best["area"].where(best.index > 1, 1.0)
    equal = table.assign(area=area.reindex(table.index).fillna(table["area"]))
    assert len(tables.best_of(equal, "best")) == 2
    assert len(tables.best_of(equal, "worst")) == 1


def test_the_area_under_a_thinned_curve_is_the_auroc(layer: detok.Layer, counts: Counts) -> None:
    curves = tables.token_curves(layer, counts, 5)
    for _, curve in curves.groupby("head"):
        x, y = curve["false_positive"].to_numpy(), curve["true_positive"].to_numpy()
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
        assert (np.diff(x) >= 0).all()
        assert (np.diff(y) >= 0).all()
        assert len(curve) <= 2 * (N_POINTS + 1)
        assert np.trapezoid(y, x) == pytest.approx(curve["area"].iloc[0], abs=0.01)


def test_the_whole_curve_has_the_auroc_as_its_area(
    layer: detok.Layer, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detok.heads.curves.N_POINTS", 100_000)
    curves = tables.token_curves(layer, counts, 5)
    assert tables.token_areas(curves)["head"].tolist() == [0, 1]
    for row in tables.token_areas(curves).itertuples():
        curve = curves[curves["head"] == row.head]
        area = np.trapezoid(curve["true_positive"], curve["false_positive"])
        assert area == pytest.approx(row.area, abs=1e-9)


def test_a_token_without_an_auroc_has_no_curve(layer: detok.Layer, counts: Counts) -> None:
    curves = tables.token_curves(layer, counts, 299)
    assert curves.empty
    assert tables.token_areas(curves).empty


def test_predecessors_have_the_ranks_of_a_search(layer: detok.Layer, counts: Counts) -> None:
    table = tables.predecessors(layer, counts, 5, 6)
    past, weight = counts.row(5)
    assert table["count"].tolist() == sorted(weight.tolist(), reverse=True)[:6]
    everything = detok.affinity(layer, 5, k=layer.vocab_size)
    for _, row in table.iterrows():
        assert row["token_id"] in past
        for head in range(layer.n_heads):
            of_head = everything[everything["head"] == head].set_index("token_id")
            assert row[f"head_{head}"] == of_head.loc[row["token_id"], "rank"]
    typical = tables.typical_ranks(table)
    for row in typical.itertuples():
        ranks = table[f"head_{row.head}"]
        assert row.rank == pytest.approx(np.prod(ranks.astype(float)) ** (1 / len(ranks)))
        assert row.n == 6


def test_both_measures_stand_beside_what_takes_no_knowledge_of_pairs(
    heads: Measured, counts: Counts
) -> None:
    pairs, paper = tables.pairs(heads, counts), tables.paper(heads, counts, "paper")
    own, baselines = heads.pairs, heads.baselines
    np.testing.assert_allclose(pairs["mean"], own.mean())
    np.testing.assert_allclose(pairs["frequency"], baselines.pair.mean()[0])
    np.testing.assert_allclose(pairs["shared"], baselines.pair.mean()[1:])
    np.testing.assert_allclose(pairs["unweighted_frequency"], baselines.pair.unweighted_mean()[0])
    np.testing.assert_allclose(paper["mean"], heads.areas.mean())
    np.testing.assert_allclose(paper["frequency"], baselines.auroc.mean()[0])
    np.testing.assert_allclose(paper["shared"], baselines.auroc.mean()[1:])
    authors = tables.paper(heads, counts, "authors")
    np.testing.assert_allclose(authors["shared"], baselines.auroc.mean("authors")[1:])
    both = tables.measures(pairs, paper)
    assert both["measure"].tolist() == [tables.PAIR] * len(pairs) + [tables.PAPER] * len(paper)
    assert both["mean"].tolist() == [*pairs["mean"], *paper["mean"]]


def test_a_sample_has_the_weighted_mean_of_places_of_the_text(
    layer: detok.Layer, counts: Counts
) -> None:
    found = measured_on_sample(layer, counts, 60, 1)
    assert len(found.pairs.tokens) == len(found.text.tokens) == 60
    pairs = tables.pairs(found, counts)
    np.testing.assert_allclose(pairs["mean"], found.text.unweighted_mean())
    np.testing.assert_allclose(pairs["shared"], found.text_baselines.pair.unweighted_mean()[1:])
    np.testing.assert_allclose(pairs["unweighted"], found.pairs.unweighted_mean())
    assert (pairs["mean_low"] < pairs["mean_high"]).all()
    whole = measured_on_sample(layer, counts, 300, 1)
    assert whole.text is None
    assert len(whole.pairs.tokens) == 300


def test_true_predecessors_at_the_top(layer: detok.Layer, heads: Measured) -> None:
    tops = tables.tops(heads, layer.vocab_size)
    assert tops.n == (heads.pairs.best >= 0).sum()
    assert tops.any_head == heads.pairs.share_of_any(3)
    assert tops.frequency == heads.baselines.pair.share_in_first(3)[0]
    assert tops.random == 3 / 300
    assert tops.any_random == pytest.approx(1 - (1 - 3 / 300) ** 2)
    table = tables.tops_by_kind(heads, detok.token_kinds(layer))
    assert (table["n_best"] > 0).all()
    assert table["label"].iloc[0] == f"{table['kind'].iloc[0]} ({table['n_best'].iloc[0]})"
    for row in tables.best_tops(table).itertuples():
        assert row.first_3 == table.loc[table["kind"] == row.kind, "first_3"].max()
