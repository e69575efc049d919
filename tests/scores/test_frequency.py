"""Spearman's ρ and its p-value against SciPy; the trend and what is far from it."""

import numpy as np
import pytest
from scipy import stats

from detok.scores.frequency import distance_from_trend, spearman


@pytest.mark.parametrize("n", [3, 4, 5, 10, 100, 5000, 50_000])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, -0.6])
def test_spearman_equals_scipy(n: int, share: float) -> None:
    generator = np.random.default_rng(n)
    x = generator.integers(0, max(3, n // 2), n)  # with ties
    y = share * x / n + generator.normal(size=n) / 4
    found, expected = spearman(x, y), stats.spearmanr(x, y)
    assert found.rho == pytest.approx(expected.statistic, abs=1e-12)
    # Far out in the tail, the last digit of ρ decides.
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-290)
    assert found.n == n


def test_spearman_of_monotone_and_of_tied_values() -> None:
    x = np.array([1.0, 2, 3, 4])
    assert spearman(x, np.exp(x)).rho == pytest.approx(1)
    assert spearman(x, -(x**3)).rho == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert spearman(np.array([1, 5, 5, 9]), x).rho == pytest.approx(4.5 / 22.5**0.5)


def test_spearman_of_nothing_that_varies() -> None:
    assert np.isnan(spearman(np.ones(9), np.arange(9)).rho)
    assert np.isnan(spearman(np.arange(2), np.arange(2)).p)
    assert np.isnan(spearman(np.array([]), np.array([])).rho)


def test_a_p_value_too_small_to_print_is_no_zero() -> None:
    x = np.arange(5000)
    assert str(spearman(x, x + np.sin(x))).endswith("(p < 1e-300)")
    assert str(spearman(x[:4], np.array([1, 3, 2, 4]))) == "ρ = +0.80 (p = 0.2)"


def test_the_distance_from_the_trend_finds_what_was_moved() -> None:
    generator = np.random.default_rng(0)
    x = generator.permutation(4000) + 1
    y = np.sqrt(x) + generator.normal(size=4000)
    y[7] += 30
    y[11] -= 20
    trend, away = distance_from_trend(x, y)
    np.testing.assert_allclose(trend, np.sqrt(x), atol=5)
    assert away.argmax() == 7
    assert away.argmin() == 11
    assert np.median(np.abs(away)) == pytest.approx(1 / 1.4826, rel=1e-6)
    assert away[7] == pytest.approx(30, abs=4)


def test_points_on_the_trend_have_no_distance() -> None:
    trend, away = distance_from_trend(np.arange(1, 51), np.ones(50))
    assert (trend.tolist(), away.tolist()) == ([1] * 50, [0] * 50)
    assert distance_from_trend(np.array([]), np.array([]))[1].shape == (0,)
