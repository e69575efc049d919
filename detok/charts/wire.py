"""A chart as it goes over the wire: its specification, and beside it its tables."""

import re
from collections.abc import Iterable, Iterator
from json import dumps, loads
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Single = alt.Chart | alt.LayerChart
Chart = Single | alt.FacetChart | alt.ConcatChart | alt.VConcatChart | alt.HConcatChart

_PARTS = ("layer", "concat", "hconcat", "vconcat")


def parted(chart: Chart) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """The Vega-Lite of a chart without its data, and its tables by the names that they have there.

    The names are the same whatever is in the tables: a browser that already shows the chart only
    exchanges these. Nothing is checked against Vega-Lite's schema; the tests do that.
    """
    holders = list(_with_tables(chart))
    tables: list[pd.DataFrame] = []
    for part in holders:
        if not any(table is part.data for table in tables):
            tables.append(part.data)
    names = {id(table): f"table-{number}" for number, table in enumerate(tables)}
    held = [part.data for part in holders]
    try:
        for part in holders:
            part.data = alt.NamedData(names[id(part.data)])
        # A copy without them would take longer than all the rest.
        spec = chart.to_dict(validate=False)
    finally:
        for part, table in zip(holders, held, strict=True):
            part.data = table
    return spec, {names[id(table)]: used(spec, table) for table in tables}


def whole(chart: Chart) -> dict[str, Any]:
    """The Vega-Lite of a chart with its data in it, every number as exact as it is."""
    spec, tables = parted(chart)
    rows = {
        name: loads(table.to_json(orient="records", double_precision=15))
        for name, table in tables.items()
    }
    return spec | {"datasets": rows}


def _with_tables(chart: Chart) -> Iterator[Chart]:
    """Those of a chart and its parts that have a table of their own."""
    if isinstance(chart.data, pd.DataFrame):
        yield chart
    parts = [part for name in _PARTS for part in getattr(chart, name, ())]
    for part in [*parts, *([chart.spec] if isinstance(chart, alt.FacetChart) else [])]:
        yield from _with_tables(part)


def used(spec: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table that a specification speaks of."""
    words = set(re.findall(r"\w+", dumps(spec, ensure_ascii=False)))
    return table[[column for column in table if column in words]]


def recolored(spec: dict[str, Any], domain: list[float]) -> dict[str, Any]:
    """The same with another domain of its scale of colours, which all its parts share."""
    changed = dict(spec)
    for name in {"concat", "hconcat", "layer", "vconcat"} & spec.keys():
        changed[name] = [recolored(part, domain) for part in spec[name]]
    if "spec" in spec:
        changed["spec"] = recolored(spec["spec"], domain)
    color = spec.get("encoding", {}).get("color", {})
    if "scale" in color:
        scale = color["scale"] | {"domain": domain}
        changed["encoding"] = spec["encoding"] | {"color": color | {"scale": scale}}
    return changed


def arrow(table: pd.DataFrame, columns: Iterable[str]) -> bytes:
    """Columns of a table in as few bytes as the eye needs, as they are sent: Arrow's stream format.

    Numbers have 32 bits where these hold them.
    """
    narrow = pa.table({name: _narrow(pa.Array.from_pandas(table[name])) for name in columns})
    sent = pa.BufferOutputStream()
    with pa.ipc.new_stream(sent, narrow.schema) as stream:
        stream.write_table(narrow)
    return sent.getvalue().to_pybytes()


def _narrow(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_float64(column.type):
        return column.cast(pa.float32())
    if pa.types.is_int64(column.type) and len(column):
        ends = pc.min_max(column).as_py()
        if max(abs(ends["min"] or 0), abs(ends["max"] or 0)) < 2**31:
            return column.cast(pa.int32())
    return column
