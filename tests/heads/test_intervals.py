"""Confidence intervals cover the mean of all as often as they say."""

import numpy as np
import pytest

from detok.heads.intervals import LEAST, half_width


def coverage(n: int, *, replaced: bool) -> float:
    """How often the interval of n of 400 skewed areas covers their mean, in 4,000 samples."""
    generator = np.random.default_rng(0)
    areas = generator.beta(4, 1.5, 400)  # skewed about as those of a head are
    drawn = np.stack([generator.choice(areas, n, replace=replaced) for _ in range(4000)])
    half = half_width(drawn, None if replaced else len(areas))
    return float((np.abs(drawn.mean(axis=1) - areas.mean()) <= half).mean())


@pytest.mark.parametrize("replaced", [True, False])
@pytest.mark.parametrize("n", [LEAST, 40, 200])
def test_95_of_100_cover_the_mean(n: int, replaced: bool) -> None:
    assert coverage(n, replaced=replaced) == pytest.approx(0.95, abs=0.02)


def test_fewer_have_none_and_all_leave_nothing_to_chance() -> None:
    values = np.random.default_rng(0).random((3, LEAST - 1))
    assert np.isnan(half_width(values)).all()
    assert np.isnan(half_width(values, 100)).all()
    assert half_width(values, LEAST - 1).tolist() == [0, 0, 0]
    assert half_width(values[:, :0], 0).tolist() == [0, 0, 0]
