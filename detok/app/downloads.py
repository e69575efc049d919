"""Files that a visitor takes along, which say what their numbers are."""

import json

import pandas as pd
import streamlit as st

import detok
from detok.model.layer import Layer
from detok.replication.formats import as_json as report_as_json, as_markdown
from detok.replication.report import Report


def download(table: pd.DataFrame, name: str, layer: detok.Layer) -> None:
    """A button that downloads a table as CSV, with the model and its revision in every row."""
    marked = table.assign(model=layer.name, revision=layer.source.revision or "")
    file_name = f"detok-{layer.name.replace('/', '-')}-{name}.csv"
    st.download_button(
        "Download CSV", lambda: _csv(marked), file_name, "text/csv", key=f"download-{name}"
    )


def download_numbers(
    table: pd.DataFrame, name: str, layer: detok.Layer, unit: str, ids: list[int] | None = None
) -> None:
    """Buttons that download a table of a text's terms as CSV and JSON, made on a click."""
    file_name = f"detok-{layer.name.replace('/', '-')}-{name}"
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            lambda: as_csv(table, layer, unit),
            f"{file_name}.csv",
            "text/csv",
            key=f"csv-{name}",
        )
        st.download_button(
            "Download JSON",
            lambda: as_json(table, layer, unit, ids),
            f"{file_name}.json",
            "application/json",
            key=f"json-{name}",
        )


def download_report(report: Report, layer: detok.Layer) -> None:
    """Buttons that download a report of replication as Markdown and JSON."""
    name = f"detok-{layer.name.replace('/', '-')}-replication"
    with st.container(horizontal=True):
        for label, text, ending, kind in (
            ("Markdown", as_markdown(report), "md", "text/markdown"),
            ("JSON", report_as_json(report), "json", "application/json"),
        ):
            st.download_button(f"Download {label}", text, f"{name}.{ending}", kind, key=ending)


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
    return _csv(table.assign(**meaning(layer, unit)))


def _csv(table: pd.DataFrame) -> bytes:
    """Lines end as RFC 4180 has them; so a token that is a bare carriage return is in quotes."""
    return table.to_csv(index=False, lineterminator="\r\n").encode()


def as_json(table: pd.DataFrame, layer: Layer, unit: str, ids: list[int] | None) -> bytes:
    """The table's rows as JSON beside `meaning` and, of a single text, its token ids."""
    rows = json.loads(table.to_json(orient="records"))
    text = {} if ids is None else {"token_ids": ids}
    content = {**meaning(layer, unit), **text, "rows": rows}
    return json.dumps(content, ensure_ascii=False).encode()
