"""Where each head looks by place alone, as the pages of heads show it."""

import streamlit as st

from detok.app import clicks, columns, figure
from detok.app.finished import look_back as finished
from detok.model.any_layer import AnyLayer
from detok.scores.look_back import usual_place


def show(layer: AnyLayer) -> None:
    """All heads in numbers; a click on a row chooses its head."""
    st.header("Where each head looks by place alone")
    heads = finished.heads(layer, usual_place([layer]))
    figure.leads(heads, clicks.head, "", columns.summary_columns(heads.table))
    figure.show(heads)
