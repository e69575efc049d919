"""What is said of a text's terms follows from their tables."""

from dataclasses import replace

import pandas as pd
import pytest

import detok
from detok.readings import terms as readings, words
from detok.tables import terms as tables

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(scope="module")
def ranks(layer: detok.Layer) -> pd.DataFrame:
    return tables.ranking(tables.per_position(layer, IDS, detok.contributions(layer, IDS)))


def test_the_spread_of_the_maps(layer: detok.Layer) -> None:
    spreads = tables.spreads(tables.maps(layer, IDS, detok.terms(layer, IDS, heads=1), range(7)))
    first = spreads.idxmax()
    assert f"in head 1, largest first: {first} {spreads[first]:.3g}," in readings.maps(spreads, 1)


def test_one_token_varies_along_no_row(layer: detok.Layer) -> None:
    spreads = tables.spreads(tables.maps(layer, [70], detok.terms(layer, [70], heads=1), range(1)))
    assert readings.maps(spreads, 1).endswith("In head 1, no term varies along a row.")


def test_no_order_between_terms_that_do_nothing(layer: detok.Layer) -> None:
    ranks = tables.ranking(tables.per_position(layer, [70], detok.contributions(layer, [70])))
    said = readings.ranking(ranks, tables.places(ranks))
    assert said == "In each of 2 heads all terms contribute the same, or at most 1e-06 nats."
    one = ranks[ranks["head"] == 1]
    said = readings.ranking(one, tables.places(one))
    assert said == "In head 1, no term has a mean above 1e-06 nats."


def test_tokens_with_equal_scores(layer: detok.Layer) -> None:
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    equal = replace(pair, runner_up=replace(pair.chosen, j=3))
    said = readings.pair(layer, IDS, equal)
    assert said.endswith("; the two are equal in every term.")
    assert "None of the others gets more than" in said


def test_the_order_of_the_terms(ranks: pd.DataFrame) -> None:
    one = ranks[ranks["head"] == 1]
    said = readings.ranking(one, tables.places(one))
    assert f"head 1, in nats, largest first: {one['term'].iloc[0]}" in said
    largest, smallest = readings.ranking(ranks, tables.places(ranks)).split(";")
    for rank, part in ((1, largest), (6, smallest)):
        for term, n in ranks.loc[ranks["rank"] == rank, "term"].value_counts().items():
            assert f"{term} in {n}" in part


def test_what_is_not_drawn() -> None:
    table = pd.DataFrame({"head": 0, "i": range(6000), "term": "ee", "nats": 1.0})
    table.loc[[0, 4], "nats"] = 0.0
    said = readings.per_position(tables.drawn(table))
    assert "one in 2 positions" in said
    assert "Of 5,999 values, 1 is not drawn" in said
    said = readings.per_position(tables.drawn(table[5:100]))
    assert "rawn" not in said


def test_averages_say_what_they_are_over(layer: detok.Layer) -> None:
    mean = detok.mean_contributions(layer, [IDS, IDS[:2], "", "x" * 40])
    said = readings.averaged(mean, "of your texts")
    assert "over 3 of your texts" in said
    assert "position 15 by 1" in said
    assert "1 is longer" in said
    assert "Where a single text reaches" in said
    assert "1 without a token" in said


def test_a_pair_in_words(layer: detok.Layer) -> None:
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    said = readings.pair(layer, IDS, pair)
    assert f"(j = 2) gets {pair.chosen.weight:.2f} of" in said
    for name, value in pair.chosen.parts.items():
        assert f"{value:+.2f} from {name}" in said
    assert f"(j = {pair.runner_up.j}), {pair.runner_up.weight:.2f}" in said
    term, gap = pair.widest
    assert f"differ most in {term}, by {gap:+.2f}" in said
    alone = detok.explain_pair(layer, IDS, i=0, j=0, head=1)
    assert "the only token" in readings.pair(layer, IDS, alone)


def test_a_split_ee_in_words(layer: detok.Layer) -> None:
    query = detok.shared_query(layer)
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1, query=query)
    said = readings.pair(layer, IDS, pair)
    for name in ("shared", "specific"):
        assert f"{pair.chosen.parts[f'ee_{name}']:+.2f} from ee {name}" in said
    terms = detok.split_ee(layer, IDS, query, heads=1)
    said = readings.maps(tables.spreads(tables.maps(layer, IDS, terms, range(7))), 1)
    assert "The seven maps add up to the eighth" in said
    assert "ee specific" in said


def test_without_a_mask_position_0_sees_more_than_itself() -> None:
    table = pd.DataFrame({"head": 0, "i": range(9), "term": "ee", "nats": 1.0})
    assert "only itself" in readings.per_position(tables.drawn(table))
    assert "only itself" not in readings.per_position(tables.drawn(table, is_causal=False))


def test_the_terms_of_a_rotary_model(rotary: detok.RotaryLayer) -> None:
    said = readings.made_of(rotary)
    for name in ("ee", "be", "eb", "bb", "pp"):
        assert (f"$T^{{{name}}}$" in said) == (name in rotary.term_names)
    assert said.endswith(words.limits(rotary))
    nats = tables.per_position(rotary, IDS, detok.contributions(rotary, IDS))
    ranks = tables.ranking(nats)
    said = readings.ranking(ranks, tables.places(ranks))
    if rotary.term_names == ("ee",):
        most = ranks.loc[ranks["nats"].idxmax()]
        assert said.endswith(f"to {most['nats']:.3g} in head {most['head']}.")
        zero = ranks.assign(nats=0.0)
        assert "at most 1e-06 nats in any" in readings.ranking(zero, tables.places(zero))
    else:
        assert "Largest is" in said
    maps = tables.maps(rotary, IDS, detok.terms(rotary, IDS, heads=1), range(7))
    is_one = rotary.term_names == ("ee",)
    said = readings.maps(tables.spreads(maps), 1, is_capped=True)
    assert ("The term is the whole score" in said) == is_one
    assert "ignores" not in said
