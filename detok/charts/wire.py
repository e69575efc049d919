"""A chart as it goes over the wire: its specification, and beside it its tables."""

import re
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
    tables: list[pd.DataFrame] = []
    spec = _with_names(chart, tables).to_dict(validate=False)
    return spec, {_name(number): _used(spec, table) for number, table in enumerate(tables)}


def whole(chart: Chart) -> dict[str, Any]:
    """The Vega-Lite of a chart with its data in it, every number as exact as it is."""
    spec, tables = parted(chart)
    rows = {
        name: loads(table.to_json(orient="records", double_precision=15))
        for name, table in tables.items()
    }
    return spec | {"datasets": rows}


def _with_names(chart: Chart, tables: list[pd.DataFrame]) -> Chart:
    """The chart with a name in the place of each of its tables, which are appended to `tables`."""
    chart = chart.copy(deep=False)
    table = chart.data
    if isinstance(table, pd.DataFrame):
        same = [number for number, other in enumerate(tables) if other is table]
        if not same:
            tables.append(table)
        chart.data = alt.NamedData(_name(same[0] if same else len(tables) - 1))
    if isinstance(chart, alt.FacetChart):
        chart.spec = _with_names(chart.spec, tables)
    for part in _PARTS:
        if isinstance(inner := getattr(chart, part, None), list):
            setattr(chart, part, [_with_names(each, tables) for each in inner])
    return chart


def _name(number: int) -> str:
    return f"table-{number}"


def _used(spec: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table that a specification speaks of."""
    words = set(re.findall(r"\w+", dumps(spec, ensure_ascii=False)))
    return table[[column for column in table if column in words]]


def arrow(table: pd.DataFrame) -> pa.Table:
    """A table in as few bytes as the eye needs: numbers of 32 bits where these hold them."""
    columns = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
    return columns.cast(
        pa.schema([_narrow(columns[field.name], field) for field in columns.schema])
    )


def _narrow(column: pa.ChunkedArray, field: pa.Field) -> pa.Field:
    if pa.types.is_float64(field.type):
        return field.with_type(pa.float32())
    if pa.types.is_int64(field.type) and len(column):
        ends = pc.min_max(column).as_py()
        if max(abs(ends["min"] or 0), abs(ends["max"] or 0)) < 2**31:
            return field.with_type(pa.int32())
    return field
