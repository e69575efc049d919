"""Files that a visitor takes along, which say what their numbers are."""

import pandas as pd
import streamlit as st

import detok


def download(table: pd.DataFrame, name: str, layer: detok.Layer) -> None:
    """A button that downloads a table as CSV, with the model and its revision in every row."""
    marked = table.assign(model=layer.name, revision=layer.source.revision or "")
    file_name = f"detok-{layer.name.replace('/', '-')}-{name}.csv"
    st.download_button(
        "Download CSV", lambda: _csv(marked), file_name, "text/csv", key=f"download-{name}"
    )


def _csv(table: pd.DataFrame) -> bytes:
    """Lines end as RFC 4180 has them; so a token that is a bare carriage return is in quotes."""
    return table.to_csv(index=False, lineterminator="\r\n").encode()
