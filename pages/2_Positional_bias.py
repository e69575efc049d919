"""Positional bias: what the first layer gives to positions, whatever the tokens."""

import re
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from detok.app import columns, figure, inputs, output, page, takeaway, texts
from detok.app.finished import positions
from detok.readings import words
from detok.tables import positions as tables

layer = page.begin("Positional bias")
said = words.words_for(layer)
st.markdown(
    "Two of the six terms depend on positions alone: **T^p**, what position j gets from every "
    "query, and **T^pp**, what it gets from position i. Their sum shows whether a head leans "
    "toward close tokens before it has read any."
)


def choose_head() -> None:
    """Choosing a row of the summary chooses its head."""
    rows = st.session_state["summary"].selection.rows
    if rows:
        st.session_state["head"] = str(rows[0])


with st.container(horizontal=True, vertical_alignment="bottom"):
    head = inputs.head_choice(layer, with_all=True)
    i = inputs.current_position(layer)
    with_layernorm = st.toggle(
        "LayerNorm",
        value=True,
        key="layernorm",
        bind="query-params",
        help="Off: b^QK p_j and p_i W^QK p_j as they are, divided by no σ.",
    )
    ends = st.toggle(
        "Position 0 and last",
        key="ends",
        bind="query-params",
        help="Draw these two positions too, though they are often far from all others.",
    )
own = st.text_area(
    "Your own texts to measure attention on",
    key="texts",
    bind="query-params",
    max_chars=6000,
    placeholder="empty: the excerpts of public-domain books that come with detok",
    help=f"Leave an empty line between two texts. {said.needed}",
)
asked: positions.Texts | None = None  # the excerpts
measured_on: positions.Texts | None = ()  # nothing, where it cannot be measured
with output.mistakes():
    if own.strip():
        paragraphs = re.split(r"\n\s*\n", own.strip())
        asked = tuple(tuple(texts.encoded(layer, text)) for text in paragraphs)
    else:
        layer.tokenizer.check_encodes()
    with st.spinner("Reading the excerpts …" if asked is None else "Reading your texts …"):
        positions.measured(layer, i, asked)
    measured_on = asked

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
    st.subheader("T^p: the same for all i")
    figure.show(positions.self_assertion(*curve))
with right:
    st.subheader("T^pp: seen from i")
    figure.show(positions.comparison(*curve))

left, right = two_places()
with left:
    st.subheader("Their sum")
    figure.show(positions.total(*curve))
with right:
    st.subheader("Attention")
    figure.show(positions.attention(*curve, measured_on))

st.subheader(f"Attention to {said.close}")
figure.show(positions.close(layer, i, with_layernorm, head, measured_on))

st.subheader("All heads in numbers")
summary = positions.summary(layer, i, with_layernorm)
st.dataframe(
    summary.table,
    key="summary",
    hide_index=True,
    on_select=choose_head,
    selection_mode="single-row",
    column_config=columns.summary_columns(summary.table),
)
figure.show(summary)
takeaway.foot()
