"""What is in the Vega-Lite of a chart."""

from collections.abc import Iterator
from typing import Any


def encodings(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of a chart's parts, however deep."""
    if "encoding" in spec:
        yield spec["encoding"]
    for part in [*spec.get("layer", []), *spec.get("concat", []), spec.get("spec", {})]:
        yield from encodings(part) if part else ()


def data(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of its first table."""
    return next(iter(spec["datasets"].values()))


def assert_whole(spec: dict[str, Any]) -> None:
    """It has data, tooltips, and a title on some axis of each kind."""
    found = list(encodings(spec))
    assert any(e.get("tooltip") for e in found)
    for axis in ("x", "y"):
        assert any(e.get(axis, {}).get("title") for e in found), axis
    assert all(len(rows) for rows in spec["datasets"].values())
