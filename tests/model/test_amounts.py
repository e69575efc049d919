"""Amounts of bytes as people read them."""

import pytest

from detok.model.amounts import in_bytes


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (12_345, "12.3 kB"),
        (99_960, "100 kB"),
        (164_628_480, "165 MB"),
        (9_996_000_000, "10.0 GB"),
    ],
)
def test_three_digits(n: int, shown: str) -> None:
    assert in_bytes(n) == shown
