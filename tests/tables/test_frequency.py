"""T^e and Var(e) against counts: what the tables hold."""

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


@pytest.mark.parametrize("n", [3, 10, 5000])
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
    assert of(count[:4], np.array([1, 3, 2, 4]))["p_shown"] == "= 0.2"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [0, 1, 9])
def test_nothing_that_varies_has_no_correlation(n: int) -> None:
    assert np.isnan(of(np.ones(n), np.arange(n))["rho"])


def test_a_head_that_asks_for_rare_tokens_is_found(layer: detok.Layer, counts: Counts) -> None:
    table = tables.tokens(layer, counts)
    table["head_0"] = -table["count"].astype(float)
    rho = tables.correlations(table)
    assert rho["measure"].tolist() == ["Var(e)", "T^e, head 0", "T^e, head 1"]
    assert rho.loc[1, "rho"] == pytest.approx(-1)
    assert rho.loc[1, "p_shown"] == "< 1e-300"
    assert tables.by_measure(rho)["T^e, head 0"].tolist() == ["-1.000", "< 1e-300"]


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
