"""Tables of a text's terms as files that say what their numbers are."""

import json

import pandas as pd

from detok.layer import Layer


def meaning(layer: Layer, unit: str) -> dict[str, str]:
    """What a reader of the numbers must know: model, revision, unit, and how heads are counted."""
    return {
        "model": layer.name,
        "revision": layer.source.revision or "",
        "values": unit,
        "heads": "numbered from 0",
    }


def as_csv(table: pd.DataFrame, layer: Layer, unit: str) -> bytes:
    """The table as CSV, with `meaning` in every row."""
    return table.assign(**meaning(layer, unit)).to_csv(index=False).encode()


def as_json(table: pd.DataFrame, layer: Layer, unit: str, ids: list[int] | None) -> bytes:
    """The table's rows as JSON beside `meaning` and, of a single text, its token ids."""
    rows = json.loads(table.to_json(orient="records"))
    text = {} if ids is None else {"token_ids": ids}
    content = {**meaning(layer, unit), **text, "rows": rows}
    return json.dumps(content, ensure_ascii=False).encode()
