"""Confidence intervals of means over random samples of tokens."""

import numpy as np

# Areas are skewed: an interval of fewer values, even by Student's t, would have the mean in it more
# rarely than it says.
LEAST = 20


def half_width(values: np.ndarray, population: int | None = None) -> np.ndarray:
    """Half the 95 % confidence interval of the mean of each row of values (H, n), by Student's t.

    With a population the values are n of so many, drawn without replacement: nothing is left to
    chance once all are in the sample, and the interval is 0. Without one they are drawn with
    replacement. NaN for fewer than LEAST values that are not all.
    """
    H, n = values.shape
    left = 1.0 if population is None else 1 - n / population if population else 0.0
    if left <= 0:
        return np.zeros(H)
    if n < LEAST:
        return np.full(H, np.nan)
    # Imported here: only this needs it.
    from scipy.special import stdtrit

    return stdtrit(n - 1, 0.975) * values.std(axis=1, ddof=1) * np.sqrt(left / n)
