"""What is said of detokenizing heads follows from their tables."""

import detok
from detok.counting.counts import Counts
from detok.readings import heads as readings
from detok.tables import heads as tables


def test_the_sentences_name_the_best_head_and_what_was_left_out(
    areas: detok.Auroc, counts: Counts
) -> None:
    table = detok.auroc_summary(areas, counts)
    extent = tables.extent(areas, counts)
    said = readings.answer(tables.best(table))
    assert f"Head {table['mean'].idxmax()} tells" in said
    assert f"the other heads is {table['mean'].min():.3f}" in said  # there are two
    assert "confidence" not in said
    assert "median of the other" not in readings.answer(tables.best(table.head(1)))
    said = readings.summary(table, extent, "paper")
    assert f"Over all 300 tokens. {areas.n_left_out} have no observed predecessor and are" in said
    assert "count as 0" in readings.summary(table, extent, "authors")


def test_a_sample_is_said_to_be_one(layer: detok.Layer, counts: Counts) -> None:
    areas = detok.auroc(layer, counts, range(40))
    extent = tables.extent(areas, counts)
    table = detok.auroc_summary(areas, counts)
    said = readings.summary(table, extent, "paper")
    assert "Over a random sample of 40 of all 300 tokens" in said
    assert f"(of all tokens, {extent.n_left_out_of_all})" in said
    assert "95 % confidence" in said
    assert f"{table['mean_low'].max():.3f} to" in readings.answer(tables.best(table))


def test_nothing_counted_is_said_to_have_no_auroc(layer: detok.Layer, no_counts: Counts) -> None:
    areas = detok.auroc(layer, no_counts)
    table = detok.auroc_summary(areas, no_counts)
    assert "No head has an AUROC" in readings.answer(tables.best(table))
    said = readings.shares(table, tables.extent(areas, no_counts))
    assert "Diagonal share" in said
    assert "Known pairs" not in said
    kinds = tables.by_kind(areas, detok.token_kinds(layer), "paper")
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
    assert f"Head {head} knows them best (AUROC {token_areas['area'].max():.3f})" in said
    none = tables.token_areas(tables.token_curves(layer, counts, 299))
    assert "no observed predecessor" in readings.token(layer, counts, 299, none)
    typical = tables.typical_ranks(tables.predecessors(layer, counts, 5, 6))
    said = readings.predecessors(typical, layer)
    assert f"has these 6 highest: {typical['rank'].min():.0f}" in said


def test_the_kinds_are_told_by_the_space_at_an_edge(layer: detok.Layer, areas: detok.Auroc) -> None:
    table = tables.best_by_kind(tables.by_kind(areas, detok.token_kinds(layer), "paper"))
    assert "continues a word if" in readings.by_kind(table)
    assert "ends a word if" in readings.by_kind(table, "end")
