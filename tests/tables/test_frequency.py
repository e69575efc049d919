"""Tᵉ and Var(e) against counts: what the tables hold."""

import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import detok
from detok.counting.counts import Counts
from detok.tables import frequency as tables


def test_the_table_has_every_token(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    assert table["token_id"].tolist() == list(range(layer.vocab_size))
    assert table["count"].tolist() == counts.tokens.tolist()
    scores = detok.self_assertion(layer).numpy()
    np.testing.assert_allclose(table["head_1"], scores[1])
    np.testing.assert_allclose(table["variance"], layer.W_E.var(dim=1, correction=0).numpy())
    occurring = tables.seen(table)
    assert len(occurring) == 270
    assert occurring["count"].is_monotonic_decreasing


def of(count: np.ndarray, score: np.ndarray) -> pd.Series:
    """The correlation of one made-up head."""
    table = pd.DataFrame({"count": count, "variance": np.ones(len(count)), "head_0": score})
    return tables.correlations(table).loc[1]


@pytest.mark.parametrize("n", [10, 100, 5000])
@pytest.mark.parametrize("share", [0.0, 0.2, -0.6])
def test_correlations_by_ranks_and_their_formula(n: int, share: float) -> None:
    generator = np.random.default_rng(n)
    count = generator.integers(1, max(4, n // 2), n)  # with ties
    score = share * count / n + generator.normal(size=n) / 4
    found = of(count, score)
    rho, _ = stats.pearsonr(stats.rankdata(count), stats.rankdata(score))
    assert found["rho"] == pytest.approx(rho, abs=1e-12)
    t = abs(rho) * np.sqrt((n - 2) / (1 - rho**2))
    assert found["p"] == pytest.approx(2 * stats.t.sf(t, n - 2), rel=1e-6, abs=1e-290)
    assert found["n"] == n


def test_a_p_value_too_small_to_print_is_no_zero() -> None:
    count = np.arange(1, 50_001)
    found = of(count, count + 9000 * np.sin(count))
    assert found["p"] == 0
    assert found["p_shown"] == "< 1e-300"
    assert of(count[:4], np.array([1, 3, 2, 4]))["p_shown"] == "= 0.33"


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_the_p_value_of_few_tokens_is_that_of_all_orders(n: int) -> None:
    generator = np.random.default_rng(n)
    for _ in range(5):
        count, score = generator.integers(1, 5, n), generator.integers(0, 5, n)
        if np.ptp(count) == 0 or np.ptp(score) == 0:
            continue
        found = of(count, score)
        rhos = [stats.spearmanr(count, order).statistic for order in permutations(score)]
        assert found["rho"] == pytest.approx(stats.spearmanr(count, score).statistic)
        assert found["p"] == np.mean(np.abs(rhos) >= abs(found["rho"]) - 1e-9)


@pytest.mark.parametrize(("n", "p"), [(2, 1), (3, 2 / 6), (5, 2 / 120), (9, 2 / math.factorial(9))])
def test_a_perfect_order_may_be_chance(n: int, p: float) -> None:
    found = of(np.arange(1, n + 1), -np.arange(n))
    assert found["rho"] == pytest.approx(-1)
    assert found["p"] == pytest.approx(p)
    assert found["larger_for"] == ("rare" if n > 3 else None)


def test_no_direction_without_evidence() -> None:
    generator = np.random.default_rng(0)
    count = np.arange(1, 301)
    assert of(count, generator.normal(size=300))["larger_for"] is None
    assert of(count, count + 50 * generator.normal(size=300))["larger_for"] == "frequent"


def test_rounding_does_not_go_with_frequency() -> None:
    count = np.arange(1, 301)
    assert np.isnan(of(count, 0.3 + 1e-9 * count)["rho"])


def test_the_strongest_heads(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    table["head_0"] = -table["count"].astype(float)
    assert tables.strongest(tables.correlations(table))["head"].tolist() == [0]
    table["head_1"] = -table["head_0"]
    assert tables.strongest(tables.correlations(table))["head"].tolist() == [0, 1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1, 9])
def test_nothing_that_varies_has_no_correlation(n: int) -> None:
    assert np.isnan(of(np.ones(n), np.arange(n))["rho"])


def test_a_head_that_asks_for_rare_tokens_is_found(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    table["head_0"] = -table["count"].astype(float)
    rho = tables.correlations(table)
    assert rho["measure"].tolist() == ["Var(e)", "Tᵉ, head 0", "Tᵉ, head 1"]
    assert rho.loc[1, "rho"] == pytest.approx(-1)
    assert rho.loc[1, "p_shown"] == "< 1e-300"
    assert tables.by_measure(rho)["Tᵉ, head 0"].tolist() == ["-1.000", "< 1e-300"]
    table["head_0"] = 0.0
    by_measure = tables.by_measure(tables.correlations(table))
    assert by_measure["Tᵉ, head 0"].tolist() == ["none", "none"]


def test_the_tokens_furthest_from_the_trend(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    table["head_0"] = np.random.default_rng(0).normal(size=300)
    table.loc[[17, 23], "head_0"] = [40, -50]
    trend = tables.with_trend(table, "head_0")
    found = tables.furthest(trend, layer, detok.token_kinds(layer))
    above, below = (found[found["side"] == side] for side in ("above", "below"))
    assert (above["token_id"].iloc[0], below["token_id"].iloc[0]) == (17, 23)
    assert above["distance"].is_monotonic_decreasing
    assert below["distance"].is_monotonic_increasing
    assert above["shown"].iloc[0] == layer.tokenizer.show(17)
    assert set(tables.far(trend)["token_id"]) == {17, 23}


@pytest.mark.parametrize("values", [[1.0], [1.0, 3.0], [1.0, 2.0, 9.0], [4.0] * 6])
def test_no_token_is_on_the_wrong_side(layer: detok.Layer, values: list[float]) -> None:
    n = len(values)
    table = pd.DataFrame({"token_id": range(n), "count": np.arange(n, 0, -1), "head_0": values})
    trend = tables.with_trend(table, "head_0")
    found = tables.furthest(trend, layer, detok.token_kinds(layer))
    assert (found["distance"][found["side"] == "above"] > 0).all()
    assert (found["distance"][found["side"] == "below"] < 0).all()
    assert len(found) == (trend["distance"] != 0).sum()
    assert len(tables.furthest_of_all(found)) == {1: 0, 2: 2, 3: 1, 6: 0}[n]


def test_tokens_that_never_occur_are_apart(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    occurrence = tables.occurrence(table, "variance").set_index("occurs")
    assert occurrence["tokens"].to_dict() == {False: 30, True: 270}
    assert occurrence.loc[False, "median"] == table["variance"][270:].median()
    never = table[table["count"] == 0]
    listed = tables.largest(never, layer, detok.token_kinds(layer), "variance")
    assert set(listed["token_id"]) == set(range(270, 300))
    assert listed["value"].is_monotonic_decreasing


def test_without_any_counts_nothing_breaks(layer: detok.Layer, no_counts: Counts) -> None:
    table = tables.tokens(layer, no_counts)
    assert tables.correlations(table)["rho"].isna().all()
    trend = tables.with_trend(table, "variance")
    assert tables.furthest(trend, layer, detok.token_kinds(layer)).empty
    assert tables.far(trend).empty
    assert tables.occurrence(table, "variance")["tokens"].tolist() == [300]
