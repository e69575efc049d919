"""T^e and Var(e) against counts: what the tables hold, and what is said of them."""

import numpy as np
import pytest
import torch

import detok
from detok.charts import frequency as charts
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.model.token_kinds import token_kinds
from detok.readings import frequency as readings
from detok.scores.frequency import self_assertion
from detok.tables import common, frequency as tables


@pytest.fixture(scope="module")
def counts(layer: detok.Layer) -> Counts:
    """Zipfian text in which the tokens 270 to 299 never occur."""
    ids = (np.random.default_rng(1).pareto(0.9, 20_000) * 3).astype(int) % 270
    return count_ids(np.concatenate([ids, np.arange(270)]), layer.vocab_size)


def test_self_assertion_is_the_mean_over_positions_but_for_sigma(layer: detok.Layer) -> None:
    """T^e of a text's tokens, with the exact σ at their positions put back to its mean."""
    ids = [70, 12, 250, 9]
    exact = detok.terms(layer, ids).e  # (H, n)
    positions = torch.arange(len(ids))
    at_position = layer.sigma.pairs(torch.tensor(ids), positions)
    expected = exact * at_position / layer.moments.token_mean[ids]
    torch.testing.assert_close(self_assertion(layer)[:, ids], expected)


def test_the_table_has_every_token(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    assert table["token_id"].tolist() == list(range(layer.vocab_size))
    assert table["count"].tolist() == counts.tokens.tolist()
    scores = self_assertion(layer).numpy()
    np.testing.assert_allclose(table["head_1"], scores[1])
    np.testing.assert_allclose(table["variance"], layer.W_E.var(dim=1, correction=0).numpy())
    occurring = tables.seen(table)
    assert len(occurring) == 270
    assert occurring["count"].is_monotonic_decreasing


def test_a_head_that_asks_for_rare_tokens_is_found(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    table["head_0"] = -table["count"].astype(float)
    rho = tables.correlations(table)
    assert rho["measure"].tolist() == ["Var(e)", "T^e, head 0", "T^e, head 1"]
    assert rho.loc[1, "rho"] == pytest.approx(-1)
    assert rho.loc[1, "p_shown"] == "< 1e-300"
    assert "rare tokens" in readings.self_assertion(rho, 0)
    assert "Strongest is head 0: -1.00" in readings.self_assertion(rho, None)
    assert tables.by_measure(rho)["T^e, head 0"].tolist() == ["-1.000", "< 1e-300"]
    assert "over 270 tokens" in readings.variance(rho)


def test_the_tokens_furthest_from_the_trend(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    table["head_0"] = np.random.default_rng(0).normal(size=300)
    table.loc[[17, 23], "head_0"] = [40, -50]
    trend = tables.with_trend(table, "head_0")
    kinds = token_kinds(layer)
    found = tables.furthest(trend, layer, kinds)
    above, below = (found[found["side"] == side] for side in ("above", "below"))
    assert (above["token_id"].iloc[0], below["token_id"].iloc[0]) == (17, 23)
    assert above["distance"].is_monotonic_decreasing
    assert below["distance"].is_monotonic_increasing
    assert above["shown"].iloc[0] == layer.tokenizer.show(17)
    said = readings.furthest(found, tables.far(trend), trend, "head_0")
    assert f"is {layer.tokenizer.show(23)} (occurs" in said
    assert "more than 5 away: 2 of 270 tokens" in said


def test_tokens_that_never_occur_are_apart(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    said = readings.never(tables.occurrence(table, "variance"), "variance")
    assert said.startswith("30 of 300 tokens never occur")
    kinds = token_kinds(layer)
    listed = tables.largest(table[table["count"] == 0], layer, kinds, "variance")
    assert set(listed["token_id"]) == set(range(270, 300))
    assert listed["value"].is_monotonic_decreasing
    assert "Every token" in readings.never(tables.occurrence(table[:270], "variance"), "variance")


def test_without_any_counts_nothing_breaks(layer: detok.Layer) -> None:
    table = tables.tokens(layer, Counts.empty(layer.vocab_size))
    rho = tables.correlations(table)
    assert rho["rho"].isna().all()
    assert "No rank correlation" in readings.self_assertion(rho, None)
    assert "No rank correlation" in readings.variance(rho)
    trend = tables.with_trend(table, "variance")
    kinds = token_kinds(layer)
    found = tables.furthest(trend, layer, kinds)
    assert "No token occurs" in readings.furthest(found, tables.far(trend), trend, "variance")
    assert "300 of 300" in readings.never(tables.occurrence(table, "variance"), "variance")


def test_charts_have_a_log_axis_titles_and_tooltips(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    trend = common.sampled(tables.with_trend(table, "variance"), layer)
    spec = charts.against_count(trend, "Var(e)").to_dict()
    assert len(spec["layer"]) == 2
    assert spec["layer"][0]["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["layer"][0]["encoding"]["tooltip"]
    assert spec["layer"][1]["encoding"]["y"]["field"] == "trend"
    drawn = common.sampled(tables.seen(table), layer, 90)
    spec = charts.by_head(tables.by_head(drawn)).to_dict()
    (rows,) = spec["datasets"].values()
    assert len(rows) == 2 * 90
    assert {row["head"] for row in rows} == {0, 1}
    assert spec["spec"]["encoding"]["x"]["scale"]["type"] == "log"
