"""LayerNorm variance: what LayerNorm divides by, and why position 0 is an attention sink."""

import streamlit as st

from detok.app import cached, figure, inputs, output, page, takeaway
from detok.app.finished import frequency, layernorm

layer = page.begin("LayerNorm variance")
counts = cached.load_counts(layer)
st.markdown(
    "Before attention, LayerNorm divides the input e + p, token and position, by **σ**, the root "
    "of its variance. A position of exceptional variance changes every score that it takes part "
    "in: a switch that is in the weights. What a model adds to every token counts as position, and "
    "p is in the unit of e where a model multiplies its tokens."
)
with st.spinner("Reading the vocabulary once …"):
    cached.layernorm_stats(layer)

st.subheader("Variance of the position embeddings")
figure.show(layernorm.variances(layer))
left, right = st.columns(2)
with left:
    figure.show(layernorm.end(layer, True))
with right:
    figure.show(layernorm.end(layer, False))

left, right = st.columns(2)
with left:
    st.subheader("σ at every position")
    figure.show(layernorm.sigma(layer))
with right:
    st.subheader("Norms of the tokens")
    figure.show(layernorm.norms(layer))

st.subheader("The switch at position 0, in one head")
with st.container(horizontal=True, vertical_alignment="bottom"):
    head = inputs.head_choice(layer)
    i = inputs.current_position(layer)
left, right = st.columns(2)
with left:
    st.markdown(f"**The score of j = 0, beside that of j = {i // 2}**")
    figure.show(layernorm.switch(layer, i, head))
with right:
    st.markdown("**T^pp without LayerNorm of the last positions**")
    figure.show(layernorm.last_rows(layer, head))

st.subheader("Variance of the token embeddings and their frequency")
output.counts_notice(layer)
if counts is not None:
    figure.show(frequency.variance(layer))
takeaway.foot()
