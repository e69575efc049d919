"""What is said of detokenizing heads follows from their tables."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

import detok
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads.measured import Measured, measured, measured_on_sample
from detok.readings import heads as readings
from detok.tables import heads as tables


def test_the_sentences_name_the_best_head_and_what_was_left_out(
    heads: Measured, counts: Counts
) -> None:
    pairs, table = tables.pairs(heads, counts), tables.paper(heads, counts, "paper")
    extent = tables.extent(heads.areas, counts)
    said = readings.answer(pairs, extent)
    assert f"Head {pairs['mean'].idxmax()} knows most about pairs" in said
    assert f"the other head has {pairs['mean'].min():.3f}" in said
    assert f"how often they occur has {heads.baselines.pair.mean()[0]:.3f}" in said
    assert "confidence" not in said
    said = readings.paper_answer(table, extent)
    assert f"By the paper's measure head {table['mean'].idxmax()} has most" in said
    assert f"how often they occur has {heads.baselines.auroc.mean()[0]:.3f}" in said
    left_out = heads.areas.n_left_out
    said = readings.summary(table, extent, "paper")
    assert (
        f"Over all 300 tokens. {left_out} have no predecessor in the counts, or every token as a "
        "predecessor, and are left out."
    ) in said
    assert "frequency alone." in said
    assert "orange" not in said
    assert "count as 0" in readings.summary(table, extent, "authors")


def test_what_frequency_alone_reaches_is_said_of_both(heads: Measured, counts: Counts) -> None:
    pairs, paper = tables.pairs(heads, counts), tables.paper(heads, counts, "paper")
    extent = tables.extent(heads.areas, counts)
    pairs["frequency"], paper["frequency"] = 0.501, 0.904
    pairs["mean"] = pairs["mean_low"] = pairs["mean_high"] = [0.4, 0.6]
    said = readings.measures(pairs, paper, extent)
    assert "0.501 in the pair AUROC and 0.904 in the paper's measure" in said
    assert "Head 1 is above frequency in the pair AUROC." in said
    said = readings.unweighted(pairs.assign(unweighted=[0.7, 0.3], unweighted_frequency=0.58))
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
    said = readings.tops(pairs, tops)
    assert (
        "For 30.0% of 40 tokens some head has the true predecessor among its first three of 300 "
        "(at most two score higher)"
    ) in said
    assert "2 random rankings would for 1.99%. Most often head 1 has: 25.0%" in said
    assert "count alone has it among the first three for 5.0%, a random one for 1.00%" in said
    none = tables.Tops(0, 300, math.nan, 0.01, 0.02, math.nan)
    assert "seen often enough" in readings.tops(pairs, none)
    kinds = pd.DataFrame(
        {
            "kind": ["a", "b"],
            "heads": [[1], [0, 1]],
            "n_heads": 2,
            "first_3": [0.2, 0.0],
            "any_first_3": [0.4, 0.0],
        }
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
    assert "orange: the 95 %" in said
    assert "95 % confidence" in said
    low = tables.best(paper)["mean_low"].iloc[0]
    assert f"(95 % confidence {low:.3f} to" in readings.paper_answer(paper, extent)
    assert "(95 % confidence" in readings.answer(pairs, extent)
    assert "over 40 random places" in readings.measures(pairs, paper, extent)


def test_of_few_tokens_no_interval_is_claimed(layer: detok.Layer, counts: Counts) -> None:
    found = measured_on_sample(layer, counts, 5, 0)
    pairs, paper = tables.pairs(found, counts), tables.paper(found, counts, "paper")
    extent = tables.extent(found.areas, counts)
    assert "confidence" not in readings.answer(pairs, extent)
    assert "orange" not in readings.summary(paper, extent, "paper")
    assert "No head" not in readings.measures(pairs, paper, extent)
    assert "too few for a confidence interval" in readings.measures(pairs, paper, extent)
    assert "too few for a confidence interval" in readings.summary(paper, extent, "paper")


def test_nothing_counted_is_said_to_have_no_auroc(layer: detok.Layer, no_counts: Counts) -> None:
    found = measured(layer, no_counts)
    extent = tables.extent(found.areas, no_counts)
    pairs, table = tables.pairs(found, no_counts), tables.paper(found, no_counts, "paper")
    assert "No head has an AUROC" in readings.paper_answer(table, extent)
    assert "No head has a pair AUROC" in readings.answer(pairs, extent)
    assert readings.measures(pairs, table, extent) == "There is no pair AUROC to be drawn."
    assert readings.unweighted(pairs) == "None of these tokens has a pair AUROC."
    assert readings.summary(table, extent, "paper").endswith("and are left out.")
    said = readings.shares(table, extent)
    assert "Diagonal share" in said
    assert "Known pairs" not in said
    kinds = tables.by_kind(found.areas, detok.token_kinds(layer), "paper")
    assert readings.by_kind(tables.best_by_kind(kinds)) == "None of these tokens has an AUROC."


def test_the_shares_of_copies_and_of_known_pairs(areas: detok.Auroc, counts: Counts) -> None:
    table = detok.auroc_summary(areas, counts)
    extent = tables.extent(areas, counts)
    table["diagonal_share"], table["known_share"] = [0.25, 0.5], [0.75, 0.5]
    said = readings.shares(table, extent)
    assert "over all 300 tokens. Most in head 1: 50.0%." in said
    assert (
        f"Most in head 0: 75.0%; 10 tokens drawn at random would have {extent.chance:.1%}" in said
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
    assert f"Head 1 does best on {table['shown'].iloc[0]} (AUROC" in said
    assert "as on" not in said
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


def test_equal_heads_are_said_to_be_equal(heads: Measured, counts: Counts) -> None:
    pairs, paper = tables.pairs(heads, counts), tables.paper(heads, counts, "paper")
    extent = tables.extent(heads.areas, counts)
    equal = {"mean": 0.5, "unweighted": 0.5, "first_3": 0.25, "frequency": 0.9}
    pairs, paper = pairs.assign(**equal), paper.assign(mean=0.5, frequency=0.9)
    pairs["mean_low"] = pairs["mean_high"] = 0.5
    said = readings.answer(pairs, extent)
    assert said == (
        "All heads know as much about pairs of tokens: pair AUROC 0.500. Ranking tokens by how "
        "often they occur has 0.900."
    )
    said = readings.paper_answer(paper, extent)
    assert "measure all heads have as much: mean AUROC 0.500. Ranking" in said
    assert "all heads have the same pair AUROC, 0.500" in readings.unweighted(pairs)
    tops = tables.Tops(40, 300, 0.3, 0.01, 0.0199, 0.05)
    assert "All heads have it there as often: 25.0%." in readings.tops(pairs, tops)
    same = paper.assign(diagonal_share=1.0, known_share=0.556)
    said = readings.shares(same, extent)
    assert "In all heads: 100.0%." in said
    assert "In all heads: 55.6%;" in said
    assert "Most in" not in said
    assert "attends" not in said
    for summary in (pairs, paper):
        three = pd.concat([summary, summary.tail(1).assign(mean=0.4, first_3=0.1, unweighted=0.4)])
        three = three.assign(head=range(3)).reset_index(drop=True)
        if summary is pairs:
            said = readings.answer(three, extent)
            assert "Heads 0 and 1 know most about pairs of tokens: pair AUROC 0.500; the" in said
            assert "heads 0 and 1 have the highest pair AUROC" in readings.unweighted(three)
            assert "Most often heads 0 and 1 have: 25.0%." in readings.tops(three, tops)
        else:
            said = readings.paper_answer(three, extent)
            assert "heads 0 and 1 have most: mean AUROC 0.500; the other head has 0.400" in said


def test_a_model_of_one_head_has_no_others(
    layer: detok.Layer, heads: Measured, counts: Counts
) -> None:
    pairs, paper = tables.pairs(heads, counts).head(1), tables.paper(heads, counts, "paper").head(1)
    extent = tables.extent(heads.areas, counts)
    tops = tables.Tops(1, 300, 0.0, 0.01, 0.01, 0.05)
    kinds = pd.DataFrame(
        {"kind": ["a"], "heads": [[0]], "n_heads": 1, "first_3": 0.2, "any_first_3": 0.2, "mean": 1}
    )
    areas = pd.DataFrame({"head": [0], "area": [0.5]})
    typical = pd.DataFrame({"head": [0], "rank": [7.0], "n": [2]})
    assert readings.answer(pairs, extent).startswith("Head 0 has a pair AUROC of 0.")
    assert "head 0 has a mean AUROC of 0." in readings.paper_answer(paper, extent)
    assert "head 0 has a pair AUROC of 0." in readings.unweighted(pairs)
    assert "of 1 token head 0 has the true predecessor" in readings.tops(pairs, tops)
    for said in (
        readings.answer(pairs, extent),
        readings.paper_answer(paper, extent),
        readings.unweighted(pairs),
        readings.tops(pairs, tops),
        readings.tops_by_kind(kinds),
        readings.by_kind(kinds),
        readings.shares(paper, extent),
        readings.token(layer, counts, 5, areas),
    ):
        for words in ("other head", "most", "Most", "highest", "lowest", "est head", "any head"):
            assert words not in said.replace("at most", "")
    said = readings.predecessors(typical, layer)
    assert "Head 0 has these 2: 7 (geometric mean)." in said


def test_equal_heads_of_a_kind_are_named() -> None:
    best = pd.DataFrame(
        {
            "kind": ["a", "b", "c"],
            "heads": [[0, 2], [0, 1, 2], [1]],
            "n_heads": 3,
            "mean": 0.5,
            "first_3": 0.2,
            "any_first_3": 0.4,
        }
    )
    said = readings.by_kind(best)
    assert "a: heads 0 and 2 (0.50); b: all heads (0.50); c: head 1 (0.50)." in said
    said = readings.tops_by_kind(best)
    assert "a: heads 0 and 2 20.0%, any head 40.0%; b: all heads 20.0%, any" in said


def test_equal_tokens_are_not_ranked(
    layer: detok.Layer, areas: detok.Auroc, counts: Counts
) -> None:
    extent = tables.extent(areas, counts)
    table = tables.extremes(layer, areas, counts, detok.token_kinds(layer), 1, 18)
    n = len(tables.ranked(areas, 18))
    said = readings.extremes(table.assign(area=0.5), extent, n, 1, 18)
    assert f"Head 1 has the same AUROC, 0.500, on the {n} tokens among all 300" in said
    assert "best" not in said
    two = table["area"].where(table.index > 1, 1.0)
    said = readings.extremes(table.assign(area=two), extent, n, 1, 18)
    assert "(AUROC 1.000, as on 1 more of those shown) and worst on" in said
    said = readings.extremes(table.head(1), extent, 1, 1, 1)
    assert "the only token among all 300 tokens with one and at least 1 different pred" in said
    said = readings.extremes(table.head(0), replace(extent, n_left_out=300), 0, 1, 1)
    assert said == "None of all 300 tokens has an AUROC."


def test_of_pruned_counts_it_is_said_which_pairs_are_in_them(
    layer: detok.Layer, counts: Counts
) -> None:
    pruned = counts.pruned(10_000)
    found = measured(layer, pruned)
    pairs, paper = tables.pairs(found, pruned), tables.paper(found, pruned, "paper")
    extent = tables.extent(found.areas, pruned)
    seen = "in the counts (pairs seen at least 10000 times)"
    assert seen in readings.answer(pairs, extent)
    assert seen in readings.paper_answer(paper, extent)
    assert seen in readings.summary(paper, extent, "paper")
    no_areas = pd.DataFrame({"head": [], "area": []})
    said = readings.token(layer, pruned, 5, no_areas)
    assert "no observed predecessor in these counts (pairs seen at least 10000 times)" in said
    pruned = counts.pruned(3)
    extent = tables.extent(detok.auroc(layer, pruned), pruned)
    assert "counts (pairs seen at least 3 times)" in readings.shares(
        paper.assign(diagonal_share=0.0, known_share=0.1), extent
    )


def test_a_token_that_every_token_precedes_is_left_out(layer: detok.Layer) -> None:
    """And it is not said to have no predecessor."""
    V = layer.vocab_size
    ids = np.stack([np.arange(V), np.full(V, 5)], axis=1).ravel()
    counts = count_ids(np.append(ids, 0), V)
    found = measured(layer, counts)
    extent = tables.extent(found.areas, counts)
    paper = tables.paper(found, counts, "paper")
    assert extent.n_left_out == 1
    said = readings.summary(paper, extent, "paper")
    assert "1 has no predecessor in the counts, or every token as a predecessor, and is" in said
    assert "and counts as 0" in readings.summary(paper, extent, "authors")


def test_equal_scores_give_no_head_and_no_token_a_place(layer: detok.Layer, counts: Counts) -> None:
    flat = replace(layer, Q_E=torch.zeros_like(layer.Q_E))
    found = measured(flat, counts)
    extent = tables.extent(found.areas, counts)
    pairs, paper = tables.pairs(found, counts), tables.paper(found, counts, "paper")
    assert "All heads know as much" in readings.answer(pairs, extent)
    said = readings.shares(paper, extent)
    assert "though others may score as high, over all 300 tokens. In all heads: 100.0%." in said
    assert "Tokens that score as high as the last of the 10 count too, 10 in all" in said
    ranks = tables.predecessors(flat, counts, 5, 6)
    assert (ranks["head_0"] == 1).all()
    said = readings.predecessors(tables.typical_ranks(ranks), flat)
    assert "(1: none scores higher). All heads have these 6: 1 (geometric mean)." in said
    equal = tables.token_areas(tables.token_curves(flat, counts, 5))
    said = readings.token(flat, counts, 5, equal)
    assert "All heads have the same AUROC by the paper's measure, 0.500." in said


def test_one_predecessor_is_one(layer: detok.Layer) -> None:
    typical = pd.DataFrame({"head": [0, 1], "rank": [7.0, 9.0], "n": [1, 1]})
    assert "Head 0 has this one highest: 7." in readings.predecessors(typical, layer)
    counts = count_ids(np.array([4, 5]), layer.vocab_size)
    areas = pd.DataFrame({"head": [0, 1], "area": [0.7, 0.6]})
    said = readings.token(layer, counts, 5, areas)
    assert "has 1 different predecessor in these counts. Head 0 ranks it highest" in said
    extent = tables.extent(detok.auroc(layer, counts), counts)
    paper = pd.DataFrame({"head": [0], "diagonal_share": [0.004], "known_share": [0.1]})
    said = readings.shares(paper, extent)
    assert "In head 0: 0.4%." in said
    assert "over the 1 token with a predecessor there" in said


def test_a_sample_that_holds_all_pairs_is_no_sample_of_the_text(layer: detok.Layer) -> None:
    few = count_ids(np.array([4, 5, 6]), layer.vocab_size)
    found = measured_on_sample(layer, few, 299, 0)
    extent = tables.extent(found.areas, few)
    assert (extent.is_whole, extent.has_all_seen) == (False, True)
    pairs, paper = tables.pairs(found, few), tables.paper(found, few, "paper")
    said = readings.measures(pairs, paper, extent)
    assert "Pair AUROC over all tokens with a predecessor in the counts" in said
    assert "random places" not in said
    assert "confidence" not in said
