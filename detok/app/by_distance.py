"""What the page of the positional bias shows of a model with distance in place of position."""

import streamlit as st

import detok
from detok.app import corpus, figure, inputs, link, look_back
from detok.app.finished import distance_bias as finished
from detok.app.measured import measured_on
from detok.readings import distance_bias as readings
from detok.readings.glossary import defined
from detok.scores.distance_bias import N_DISTANCES


def show(layer: detok.RotaryLayer) -> None:
    """All of the page but its beginning and its end."""
    st.markdown(readings.made_of(layer))
    last = min(layer.n_positions, N_DISTANCES) - 1
    with inputs.bar():
        head = inputs.head_choice(layer, with_all=True)
        # A slider needs two places.
        i = link.slider("Current position i", 0, last, last // 2, key="i") if last else 0
    st.header("The terms over distances", help=defined(*(f"T^{name}" for name in layer.term_names)))
    figure.show(finished.curves(layer, head))
    st.header("Attention")
    texts = measured_on(layer, i)
    figure.show(finished.attention(layer, i, head, texts))
    look_back.show(layer)
    corpus.notice(layer)
