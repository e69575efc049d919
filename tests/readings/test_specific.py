"""What is said of the two parts of Tᵉᵉ."""

import detok
from detok.counting.counts import Counts
from detok.readings import affinity as affinity_readings, specific as readings
from detok.tables import affinity as affinity_tables, specific as tables

IDS = [70, 12, 250]


def test_how_tokens_weigh(counts: Counts, no_counts: Counts) -> None:
    said = readings.mean_query(counts)
    assert said.endswith(f"each weighing as often as it occurs in {counts.origin}")
    for without in (None, no_counts):
        assert "weighing the same for want of counts" in readings.mean_query(without)
    for sentence in (
        readings.parts(counts),
        readings.in_text(counts, "undivided"),
        readings.values(readings.SPECIFIC, counts),
        readings.values(readings.SHARED, counts),
    ):
        assert said in sentence
    assert readings.values(readings.WHOLE, counts) == "Tᵉᵉ, unscaled"


def test_what_a_head_likes(layer: detok.Layer) -> None:
    shared = detok.shared_scores(layer, detok.shared_query(layer))
    table = tables.liked(layer, shared[1:], [1], 5, None)
    best = table.sort_values("score").iloc[-1]
    said = readings.liked(table)
    assert said.startswith(f"Largest: {best['shown']} in head 1 (q̄·k = {best['score']:.1f}")


def test_the_constant_of_current_tokens(layer: detok.Layer) -> None:
    shared = detok.shared_scores(layer, detok.shared_query(layer))
    said = readings.constant(tables.of_token(shared, [0, 1], 70), "x", "past")
    assert "With x as the past token" in said
    assert "one number in each head" in said
    said = readings.constant(tables.of_token(shared[1:], [1], 70), "x", "past")
    assert f"{shared[1, 70]:+.2f} in head 1" in said


def test_sentences_say_which_score_they_are_of(layer: detok.Layer, counts: Counts) -> None:
    query = detok.shared_query(layer)
    for score, less in ((readings.WHOLE, None), (readings.SPECIFIC, query)):
        table = detok.affinity(layer, 70, k=3, less=less)
        table = affinity_tables.with_counts(table, layer, 70, "past", counts)
        said = affinity_readings.answer(table, layer, score)
        assert f"({score} = {table['score'].max():.3g}, unscaled)" in said
        ranks = affinity_tables.piece_ranks(layer, IDS, [0, 0, 0], less)
        best = affinity_tables.best_ranks(ranks)
        said = affinity_readings.piece_ranks(best, layer, score)
        assert f"tokens by {readings.by(score)} (1: none scores higher" in said
        said = affinity_readings.lead(ranks, layer, IDS, [0, 0, 0], 2, score=score)
        assert said.endswith(f"by {readings.by(score)}.")
        copies = affinity_tables.own_copies(affinity_tables.pairs(layer, IDS, [0, 1], less))
        first = copies.iloc[0]
        said = affinity_readings.pairs(copies, score)
        assert f"in head {first['head']} for {first['own']} of 3" in said
        assert ("specific" in said) is (less is not None)
        said = affinity_readings.known(table, counts, score)
        assert ("mean query" in said) is (less is not None)
