"""Amounts of bytes as people read them."""


def in_bytes(n: float) -> str:
    """Three digits of a number of bytes, such as "165 MB"; below 1000 all of them."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            amount = n / size
            decimals = 2 if amount < 9.995 else 1 if amount < 99.95 else 0
            return f"{amount:.{decimals}f} {unit}"
    return f"{n:.0f} bytes"
