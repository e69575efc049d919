"""The tables of a text's terms hold what the library computes, and their sentences follow."""

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.readings import terms as readings
from detok.scores.decomposition import TERMS
from detok.tables import terms as tables

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(scope="module")
def found(layer: detok.Layer) -> pd.DataFrame:
    return tables.per_position(layer, IDS, detok.contributions(layer, IDS))


def test_contributions_are_in_their_place(layer: detok.Layer, found: pd.DataFrame) -> None:
    values = detok.contributions(layer, IDS)
    for row in found.sample(20, random_state=0).itertuples():
        assert row.nats == values[TERMS.index(row.term), row.head, row.i]
        assert row.token_id == IDS[row.i]
        assert row.token == f"{row.i} {layer.tokenizer.show(row.token_id)}"


def test_equal_tokens_have_labels_of_their_own(layer: detok.Layer) -> None:
    assert len(set(tables.labels(layer, IDS))) == len(IDS)


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
    first = spread.idxmax()
    assert f"largest first: {first} {spread.max():.2f}" in readings.maps(tables.spreads(table), 1)


def test_the_ranking_is_by_mean(found: pd.DataFrame) -> None:
    ranks = tables.ranking(found)
    means = found.groupby(["head", "term"])["nats"].mean()
    for head, rows in ranks.groupby("head"):
        assert rows["rank"].tolist() == [1, 2, 3, 4, 5, 6]
        assert rows["nats"].is_monotonic_decreasing
        assert rows["nats"].iloc[0] == means[head].max()
    one = ranks[ranks["head"] == 1]
    assert f"head 1, in nats, largest first: {one['term'].iloc[0]}" in readings.ranking(
        one, tables.places(one)
    )
    several = readings.ranking(ranks, tables.places(ranks))
    assert ranks["term"].iloc[0] in several.split(";")[0]


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
    reading = readings.per_position(drawn)
    assert "one in 2 positions" in reading
    assert f"1 of {2 * n - 2:,} values" in reading


def test_attention_maps_and_rows(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS), ["pp"])
    table = tables.attention_map(layer, IDS, ablation, [0, 1], range(1, 5))
    assert len(table) == 2 * 10
    for cell in table.sample(10, random_state=0).itertuples():
        assert cell.full == pytest.approx(ablation.full[cell.head, cell.i, cell.j].item(), abs=1e-5)
        assert cell.left == pytest.approx(ablation.left[cell.head, cell.i, cell.j].item(), abs=1e-5)
        assert (cell.token_id_i, cell.token_id_j) == (IDS[cell.i], IDS[cell.j])
    one = detok.ablate(detok.terms(layer, IDS, heads=1), ["pp"])
    torch.testing.assert_close(one.full[0], ablation.full[1])
    row = tables.row(layer, IDS, one, 5)
    assert row.groupby("attention")["weight"].sum().tolist() == pytest.approx([1, 1])


def test_the_reading_of_an_ablation(layer: detok.Layer) -> None:
    one = detok.ablate(detok.terms(layer, IDS, heads=1), ["pp", "e"])
    reading = readings.ablation(tables.divergences(one, [1], 3), ["pp", "e"], 3)
    assert reading.startswith(
        f"Without pp and e: D(P‖Q) = {one.divergence[0, 3]:.3g} nats at i = 3"
    )
    several = detok.ablate(detok.terms(layer, IDS), ["ee"])
    best = int(several.divergence.mean(dim=1).argmax())
    assert f"first: head {best}" in readings.ablation(
        tables.divergences(several, [0, 1], 3), ["ee"], 3
    )
    assert "the model's own" in readings.ablation(tables.divergences(one, [1], 3), [], 3)


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


def test_a_pair_in_words(layer: detok.Layer) -> None:
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    words = readings.pair(layer, IDS, pair)
    assert f"(j = 2) gets {pair.chosen.weight:.2f} of" in words
    for name, value in pair.chosen.parts.items():
        assert f"{value:+.2f} from {name}" in words
    assert f"(j = {pair.runner_up.j}) gets most, {pair.runner_up.weight:.2f}" in words
    assert "the only token" in readings.pair(
        layer, IDS, detok.explain_pair(layer, IDS, i=0, j=0, head=1)
    )


def test_averages_say_what_they_are_over(layer: detok.Layer) -> None:
    found = detok.mean_contributions(layer, [IDS, IDS[:2], "", "x" * 40])
    table = tables.averaged(found)
    row = table[(table["head"] == 1) & (table["i"] == 1) & (table["term"] == "pp")].iloc[0]
    assert row["nats"] == found.mean[1, 1, 1]
    assert (row["low"], row["high"]) == (found.low[1, 1, 1], found.high[1, 1, 1])
    assert row["texts"] == 3
    reading = readings.averaged(found, "of your texts")
    assert "over 3 of your texts" in reading
    assert "position 15 by 1" in reading
    assert "1 are longer" in reading
    assert "1 without a token" in reading
