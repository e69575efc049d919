"""The trend over token counts, and what is far from it."""

import numpy as np
import pytest

from detok.scores.frequency import distance_from_trend


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
