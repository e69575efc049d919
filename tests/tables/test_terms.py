"""The tables of a text's terms hold what the library computes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.scores.decomposition import TERMS
from detok.tables import terms as tables

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(scope="module")
def nats(layer: detok.Layer) -> pd.DataFrame:
    return tables.per_position(layer, IDS, detok.contributions(layer, IDS))


def test_contributions_are_in_their_place(layer: detok.Layer, nats: pd.DataFrame) -> None:
    values = detok.contributions(layer, IDS)
    for row in nats.sample(20, random_state=0).itertuples():
        assert row.nats == values[TERMS.index(row.term), row.head, row.i]
        assert row.token_id == IDS[row.i]
        assert row.token == f"{row.i} {layer.tokenizer.show(row.token_id)}"


@pytest.mark.parametrize("window", [range(7), range(2, 5)])
def test_the_maps_add_up_and_rows_are_shown_less_their_mean(
    layer: detok.Layer, window: range
) -> None:
    terms = detok.terms(layer, IDS, heads=1)
    table = tables.maps(layer, IDS, terms, window)
    assert set(table["i"]) == set(window)
    for column in ("value", "centred"):
        wide = table.pivot(index=["i", "j"], columns="term", values=column)
        total = wide[list(TERMS)].sum(axis=1)
        assert total.to_numpy() == pytest.approx(wide["sum"].to_numpy(), abs=1e-3)
    whole = tables.maps(layer, IDS, terms, range(7))
    means = whole.groupby(["term", "i"])["centred"].mean()
    assert means.abs().max() < 1e-4
    part = table.merge(whole, on=["term", "i", "j"])
    assert part["centred_x"].equals(part["centred_y"])
    spread = table[table["term"] != "sum"].groupby("term")["centred"].std(ddof=0)
    pd.testing.assert_series_equal(tables.spreads(table).sort_index(), spread)
    assert tables.spreads(table).is_monotonic_decreasing


def test_the_maps_of_a_split_ee(layer: detok.Layer) -> None:
    query = detok.shared_query(layer)
    whole = tables.maps(layer, IDS, detok.terms(layer, IDS, heads=1), range(7))
    table = tables.maps(layer, IDS, detok.split_ee(layer, IDS, query, heads=1), range(7))
    for column in ("value", "centred"):
        before, wide = (
            t.pivot(index=["i", "j"], columns="term", values=column) for t in (whole, table)
        )
        both = wide["ee_shared"] + wide["ee_specific"]
        assert both.to_numpy() == pytest.approx(before["ee"].to_numpy(), abs=2e-4)
        kept = before.columns.drop("ee")
        pd.testing.assert_frame_equal(wide[kept], before[kept])
    shared = table[table["term"] == "ee_shared"]
    assert (shared.groupby("j")["value"].nunique() == 1).all()
    assert list(tables.spreads(table).sort_index()) == pytest.approx(
        [*table[table["term"] != "sum"].groupby("term")["centred"].std(ddof=0)]
    )


def test_the_ranking_is_by_mean(nats: pd.DataFrame) -> None:
    ranks = tables.ranking(nats)
    means = nats.groupby(["head", "term"])["nats"].mean()
    for head, rows in ranks.groupby("head"):
        assert rows["rank"].tolist() == [1, 2, 3, 4, 5, 6]
        assert rows["nats"].is_monotonic_decreasing
        assert rows["nats"].iloc[0] == means[head].max()
    places = tables.places(ranks)
    assert places.groupby("rank")["heads"].sum().tolist() == [2] * 6
    for row in places.itertuples():
        assert row.heads == ((ranks["rank"] == row.rank) & (ranks["term"] == row.term)).sum()


def test_ties_have_no_place(nats: pd.DataFrame) -> None:
    low = nats.assign(nats=nats["nats"].where(~nats["term"].isin(["e", "p"]), 1e-9))
    ranks = tables.ranking(low)
    assert set(ranks.loc[ranks["tied"], "term"]) == {"e", "p"}
    assert set(tables.places(ranks)["rank"]) == {1, 2, 3, 4}
    assert tables.places(tables.ranking(nats.assign(nats=0.0))).empty


def test_what_is_constant_along_a_row_is_0(layer: detok.Layer) -> None:
    terms = detok.terms(layer, IDS, heads=1)
    noise = 3 + 1e-7 * torch.rand(1, 7, dtype=torch.float64)
    spreads = tables.spreads(tables.maps(layer, IDS, replace(terms, p=noise), range(7)))
    assert spreads["p"] == 0 < spreads["e"]


def test_tiny_terms_are_not_rounded_away(layer: detok.Layer) -> None:
    terms = detok.terms(layer, IDS, heads=1)
    tiny = replace(terms, e=terms.e * 1e-7)
    spreads = [tables.spreads(tables.maps(layer, IDS, t, range(7)))["e"] for t in (tiny, terms)]
    assert spreads[0] == pytest.approx(spreads[1] * 1e-7, rel=1e-4)


def test_what_is_drawn_fits_a_log_scale_and_a_browser() -> None:
    n = tables.MAX_DRAWN
    table = pd.DataFrame(
        {
            "head": np.repeat([0, 1], n),
            "i": np.tile(np.arange(n), 2),
            "term": "ee",
            "nats": 1.0,
            "low": 0.0,
        }
    )
    table.loc[4, "nats"] = 0.0
    drawn = tables.drawn(table)
    assert tables.thinning(table) == 2
    assert 4 not in drawn.table.index
    assert len(drawn.table) == n - 1
    assert (drawn.table["low"] == tables.FLOOR).all()
    assert (drawn.step, drawn.n_low, drawn.n_values) == (2, 1, 2 * n - 2)


def test_the_waterfall_ends_at_the_score(layer: detok.Layer) -> None:
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    bars = tables.waterfall(layer, IDS, pair)
    assert bars["which"].nunique() == 2
    for (_, rows), score in zip(
        bars.groupby("which", sort=False), (pair.chosen, pair.runner_up), strict=True
    ):
        steps, total = rows.iloc[:6], rows.iloc[6]
        assert (steps["end"] - steps["start"]).to_numpy() == pytest.approx(steps["value"])
        assert steps["start"].iloc[1:].tolist() == steps["end"].iloc[:-1].tolist()
        assert steps["end"].iloc[5] == pytest.approx(score.total)
        assert (total["part"], total["start"], total["end"]) == ("score", 0, score.total)


def test_the_waterfall_of_a_split_ee(layer: detok.Layer) -> None:
    asked = {"i": 5, "j": 2, "head": 1}
    pair = detok.explain_pair(layer, IDS, **asked, query=detok.shared_query(layer))
    bars = tables.waterfall(layer, IDS, pair)
    plain = tables.waterfall(layer, IDS, detok.explain_pair(layer, IDS, **asked))
    for which, rows in bars.groupby("which", sort=False):
        assert rows["part"].tolist() == [*pair.chosen.parts, "score"]
        assert rows["order"].tolist() == [*range(8)]
        before = plain[plain["which"] == which]
        assert rows["end"].iloc[1] == pytest.approx(before["end"].iloc[0])
        assert rows["value"].iloc[2:].tolist() == pytest.approx(before["value"].iloc[1:].tolist())


def test_averages_are_in_their_place(layer: detok.Layer) -> None:
    mean = detok.mean_contributions(layer, [IDS, IDS[:2], "", "x" * 40])
    table = tables.averaged(mean)
    row = table[(table["head"] == 1) & (table["i"] == 1) & (table["term"] == "pp")].iloc[0]
    assert row["nats"] == mean.mean[1, 1, 1]
    assert (row["low"], row["high"]) == (mean.low[1, 1, 1], mean.high[1, 1, 1])
    assert row["texts"] == 3


@pytest.mark.parametrize("window", [range(7), range(2, 5)])
def test_without_a_mask_the_maps_have_all_pairs(both_ways: detok.Layer, window: range) -> None:
    """Rows are less their mean over the whole text, also over what comes after the window."""
    terms = detok.terms(both_ways, IDS, heads=1)
    table = tables.maps(both_ways, IDS, terms, window)
    assert len(table) == 7 * len(window) ** 2
    scores = terms.total[0] / terms.scale
    for row in table[table["term"] == "sum"].itertuples():
        assert row.value == pytest.approx(scores[row.i, row.j].item(), abs=1e-4)
        centred = scores[row.i, row.j] - scores[row.i].mean()
        assert row.centred == pytest.approx(centred.item(), abs=1e-4)


def test_without_a_mask_position_0_counts(nats: pd.DataFrame) -> None:
    low = nats.assign(nats=0.0)
    assert tables.drawn(low, is_causal=False).n_low == len(nats)
    assert tables.drawn(low).n_low == len(nats[nats["i"] > 0])


def test_a_rotary_text_has_the_terms_of_its_model(rotary: detok.RotaryLayer) -> None:
    """For all that i sees, which a window may end."""
    nats = tables.per_position(rotary, IDS, detok.contributions(rotary, IDS))
    assert set(nats["term"]) == set(rotary.term_names)
    terms = detok.terms(rotary, IDS, heads=1)
    table = tables.maps(rotary, IDS, terms, range(7))
    whole = table[table["term"] == ("sum" if len(rotary.term_names) > 1 else "ee")]
    scores = terms.total[0] / terms.scale
    attention = detok.attention(terms)[0]
    assert len(whole) == int((attention > 0).sum())
    for row in whole.itertuples():
        seen = attention[row.i] > 0
        assert row.value == pytest.approx(scores[row.i, row.j].item())
        centred = scores[row.i, row.j] - scores[row.i][seen].mean()
        assert row.centred == pytest.approx(centred.item(), abs=1e-6)
    mean = detok.mean_contributions(rotary, [IDS, IDS[:2]])
    assert mean.names == rotary.term_names
    assert set(tables.averaged(mean)["term"]) == set(rotary.term_names)
