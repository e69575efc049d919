"""Positional bias: what the first layer gives to positions, whatever the tokens."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import detok
from detok.app import by_distance, clicks, columns, figure, inputs, link, page, takeaway
from detok.app.finished import positions
from detok.app.measured import measured_on
from detok.readings import words
from detok.readings.glossary import defined
from detok.tables import positions as tables

layer = page.begin("Positional bias")
if isinstance(layer, detok.RotaryLayer):
    by_distance.show(layer)
    takeaway.foot()
    st.stop()
said = words.words_for(layer)
st.markdown(
    "Two of the six terms depend on positions alone: $T^{p}$, what position j gets from every "
    "query, and $T^{pp}$, what it gets from position i. Their sum shows whether a head leans "
    "toward close tokens before it has read any. A click on a row of the last table chooses its "
    "head."
)

with inputs.bar():
    head = inputs.head_choice(layer, with_all=True)
    i = inputs.current_position(layer)
with st.container(horizontal=True, vertical_alignment="bottom"):
    with_layernorm = link.toggle(
        "LayerNorm",
        True,
        key="layernorm",
        help=f"Off: $b^{{QK}} p_j$ and $p_i W^{{QK}} p_j$ as they are, divided by no σ. "
        f"{defined('σ')}",
    )
    ends = link.toggle(
        "Position 0 and last",
        key="ends",
        help="Draw these two positions too, though they are often far from all others.",
    )
texts = measured_on(layer, i)

if head is None and tables.thinning(layer) > 1:
    st.info(
        f"Drawn: one in {tables.thinning(layer)} positions, and the {tables.ZOOM} nearest to i of "
        "those it sees. The files have all."
    )


def two_places() -> Sequence[DeltaGenerator]:
    """Figures of one head lie beside each other, small multiples of all below each other."""
    return (st.container(), st.container()) if head is None else st.columns(2)


curve = (layer, i, with_layernorm, head, ends)
left, right = two_places()
with left:
    st.header("$T^{p}$: the same for all $i$", help=defined("T^p"))
    figure.show(positions.self_assertion(*curve))
with right:
    st.header("$T^{pp}$: seen from $i$", help=defined("T^pp"))
    figure.show(positions.comparison(*curve))

left, right = two_places()
with left:
    st.header("Their sum")
    figure.show(positions.total(*curve))
with right:
    st.header("Attention")
    figure.show(positions.attention(*curve, texts))

st.header(f"Attention to {said.close}")
figure.show(positions.close(layer, i, with_layernorm, head, texts))

st.header("All heads in numbers")
summary = positions.summary(layer, i, with_layernorm)
figure.leads(summary, clicks.head, "", columns.summary_columns(summary.table))
figure.show(summary)
takeaway.foot()
