"""What is said of detokenizing heads follows from their tables."""

import math

import pandas as pd

import detok
from detok.counting.counts import Counts
from detok.heads.measured import Measured, measured, measured_on_sample
from detok.readings import heads as readings
from detok.tables import heads as tables


def test_the_sentences_name_the_best_head_and_what_was_left_out(
    heads: Measured, counts: Counts
) -> None:
    pairs, table = tables.pairs(heads, counts), tables.paper(heads, counts, "paper")
    extent = tables.extent(heads.areas, counts)
    said = readings.answer(tables.best(pairs))
    assert f"Head {pairs['mean'].idxmax()} knows most about pairs" in said
    assert f"the other heads is {pairs['mean'].min():.3f}" in said  # there are two
    assert "confidence" not in said
    assert "median of the other" not in readings.answer(tables.best(pairs.head(1)))
    said = readings.paper_answer(tables.best(table))
    assert f"By the paper's measure head {table['mean'].idxmax()} has most" in said
    assert f"how often they occur has {heads.baselines.auroc.mean()[0]:.3f}" in said
    left_out = heads.areas.n_left_out
    said = readings.summary(table, extent, "paper")
    assert f"Over all 300 tokens. {left_out} have no observed predecessor and are" in said
    assert "count as 0" in readings.summary(table, extent, "authors")


def test_what_frequency_alone_reaches_is_said_of_both(heads: Measured, counts: Counts) -> None:
    pairs, paper = tables.pairs(heads, counts), tables.paper(heads, counts, "paper")
    extent = tables.extent(heads.areas, counts)
    pairs["frequency"], paper["frequency"] = 0.501, 0.904
    pairs["mean"] = pairs["mean_low"] = pairs["mean_high"] = [0.4, 0.6]
    said = readings.measures(pairs, paper, extent)
    assert "0.501 in the pair AUROC and 0.904 in the paper's measure" in said
    assert "Head 1 is above frequency in the pair AUROC." in said
    best = tables.leader(pairs.assign(unweighted=[0.7, 0.3]), "unweighted")
    said = readings.unweighted(pairs.assign(unweighted_frequency=0.58), best)
    assert "head 0 has the highest pair AUROC, 0.700; ranking by count alone has 0.580" in said


def test_no_head_is_said_to_be_above_frequency_that_is_not(heads: Measured, counts: Counts) -> None:
    table = tables.paper(heads, counts, "paper").assign(frequency=0.99)
    said = readings.summary(table, tables.extent(heads.areas, counts), "paper")
    assert "No head is above it." in said


def test_true_predecessors_at_the_top() -> None:
    pairs = pd.DataFrame(
        {"head": [0, 1], "first_3": [0.1, 0.25], "first_20": 0.5, "median_rank": 21.0}
    )
    tops = tables.Tops(40, 300, 0.3, 0.01, 0.0199, 0.05)
    said = readings.tops(pairs, tables.leader(pairs, "first_3"), tops)
    assert "For 30.0% of 40 tokens some head has the true predecessor" in said
    assert "2 random rankings would for 1.99%. Most often head 1 has: 25.0%" in said
    assert "count alone has it among the first three for 5.0%, a random one for 1.00%" in said
    none = tables.Tops(0, 300, math.nan, 0.01, 0.02, math.nan)
    assert "seen often enough" in readings.tops(pairs, tables.leader(pairs, "first_3"), none)
    kinds = pd.DataFrame(
        {"kind": ["a", "b"], "head": [1, 0], "first_3": [0.2, 0.0], "any_first_3": [0.4, 0.0]}
    )
    assert "a: head 1 20.0%, any head 40.0%; b: none." in (readings.tops_by_kind(kinds))
    assert "seen often enough" in readings.tops_by_kind(kinds.head(0))


def test_a_sample_is_said_to_be_one(layer: detok.Layer, counts: Counts) -> None:
    found = measured_on_sample(layer, counts, 40, 0)
    extent = tables.extent(found.areas, counts)
    pairs, paper = tables.pairs(found, counts), tables.paper(found, counts, "paper")
    said = readings.summary(paper, extent, "paper")
    assert "Over a random sample of 40 of all 300 tokens" in said
    assert f"(of all tokens, {extent.n_left_out_of_all})" in said
    assert "95 % confidence" in said
    best = tables.best(paper)
    assert f"{best['mean_low']:.3f} to" in readings.paper_answer(best)
    assert "(95 % confidence" in readings.answer(tables.best(pairs))
    assert "over 40 random places" in readings.measures(pairs, paper, extent)


def test_of_few_tokens_no_interval_is_claimed(layer: detok.Layer, counts: Counts) -> None:
    found = measured_on_sample(layer, counts, 5, 0)
    pairs, paper = tables.pairs(found, counts), tables.paper(found, counts, "paper")
    extent = tables.extent(found.areas, counts)
    assert "confidence" not in readings.answer(tables.best(pairs))
    assert "too few for a confidence interval" in readings.measures(pairs, paper, extent)
    assert "too few for a confidence interval" in readings.summary(paper, extent, "paper")


def test_nothing_counted_is_said_to_have_no_auroc(layer: detok.Layer, no_counts: Counts) -> None:
    found = measured(layer, no_counts)
    table = tables.paper(found, no_counts, "paper")
    assert "No head has an AUROC" in readings.paper_answer(tables.best(table))
    assert "No head has an AUROC" in readings.answer(tables.best(tables.pairs(found, no_counts)))
    said = readings.shares(table, tables.extent(found.areas, no_counts))
    assert "Diagonal share" in said
    assert "Known pairs" not in said
    kinds = tables.by_kind(found.areas, detok.token_kinds(layer), "paper")
    assert readings.by_kind(tables.best_by_kind(kinds)) == "No token has an AUROC."


def test_the_shares_of_copies_and_of_known_pairs(areas: detok.Auroc, counts: Counts) -> None:
    table = detok.auroc_summary(areas, counts)
    extent = tables.extent(areas, counts)
    table["diagonal_share"], table["known_share"] = [0.25, 0.5], [0.75, 0.5]
    said = readings.shares(table, extent)
    assert "Head 1 attends to copies most: 50.0%" in said
    assert (
        f"Most in head 0: 75.0%; ten tokens drawn at random would have {extent.chance:.1%}" in said
    )
    assert "In no head" in readings.shares(table.assign(diagonal_share=0.0), extent)


def test_the_best_head_of_each_kind(layer: detok.Layer, areas: detok.Auroc) -> None:
    table = tables.best_by_kind(tables.by_kind(areas, detok.token_kinds(layer), "paper"))
    said = readings.by_kind(table)
    for row in table.itertuples():
        assert f"{row.kind}: head {row.head} ({row.mean:.2f})" in said


def test_extremes_say_among_how_many_tokens(
    layer: detok.Layer, areas: detok.Auroc, counts: Counts
) -> None:
    kinds = detok.token_kinds(layer)
    extent = tables.extent(areas, counts)
    table = tables.extremes(layer, areas, counts, kinds, 1, 18)
    n_ranked = len(tables.ranked(areas, 18))
    said = readings.extremes(table, extent, n_ranked, 1, 18)
    assert f"Head 1 does best on {table['shown'].iloc[0]}" in said
    assert f"{n_ranked} tokens among all 300" in said
    nothing = tables.extremes(layer, areas, counts, kinds, 1, 300)
    assert "choose a smaller number" in readings.extremes(nothing, extent, 0, 1, 300)


def test_a_token_and_its_predecessors(layer: detok.Layer, counts: Counts) -> None:
    token_areas = tables.token_areas(tables.token_curves(layer, counts, 5))
    best = token_areas["area"].idxmax()
    said = readings.token(layer, counts, 5, token_areas)
    assert f"{len(counts.row(5)[0])} different predecessors" in said
    head = token_areas["head"].loc[best]
    assert (
        f"Head {head} ranks them highest (the paper's AUROC {token_areas['area'].max():.3f})"
        in said
    )
    none = tables.token_areas(tables.token_curves(layer, counts, 299))
    assert "no observed predecessor" in readings.token(layer, counts, 299, none)
    typical = tables.typical_ranks(tables.predecessors(layer, counts, 5, 6))
    said = readings.predecessors(typical, layer)
    assert f"has these 6 highest: {typical['rank'].min():.0f}" in said


def test_the_kinds_are_told_by_the_space_at_an_edge(layer: detok.Layer, areas: detok.Auroc) -> None:
    table = tables.best_by_kind(tables.by_kind(areas, detok.token_kinds(layer), "paper"))
    assert "continues a word if" in readings.by_kind(table)
    assert "ends a word if" in readings.by_kind(table, "end")
