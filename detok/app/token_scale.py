"""What the LayerNorm page shows of a model that adds no positions to its tokens."""

import streamlit as st

import detok
from detok.app import cached, clicks, corpus, figure, go
from detok.app.finished import token_scale as finished
from detok.readings import token_scale as readings


def show(layer: detok.RotaryLayer) -> None:
    """All of the page but its beginning and its end."""
    st.markdown(readings.begun(layer))
    with st.container(horizontal=True):
        go.link_to("positions", "What this model gives to distances")
        go.link_to("terms", "The terms of its scores")
    if layer.first.norm is None:
        return
    st.header("Norms of the tokens")
    figure.show(finished.norms(layer))
    st.header("σ of the tokens and their frequency")
    corpus.notice(layer)
    counts = cached.load_counts(layer)
    if counts is not None:
        figure.show(finished.frequency(layer, counts), on_select=clicks.token)
