"""LayerNorm variance: what LayerNorm divides by, and why position 0 is an attention sink."""

import streamlit as st

import detok
from detok.app import cached, clicks, corpus, figure, inputs, page, takeaway, token_scale
from detok.app.finished import frequency, layernorm
from detok.readings.glossary import defined

layer = page.begin("LayerNorm variance")
if isinstance(layer, detok.RotaryLayer):
    token_scale.show(layer)
    takeaway.foot()
    st.stop()
counts = cached.load_counts(layer)
st.markdown(
    "Before attention, LayerNorm divides the input e + p, token and position, by **σ**, the root "
    "of its variance. A position of exceptional variance changes every score that it takes part "
    "in. What a model adds to every token counts as position, and "
    "p is in the unit of e where a model multiplies its tokens. A click on a position leads to "
    "its scores, one on a token to its affinity."
)
with inputs.bar():
    head = inputs.head_choice(layer)
    i = inputs.current_position(layer)
with st.spinner("Reading the vocabulary once …"):
    cached.layernorm_stats(layer)

st.header("Variance of the position embeddings")
figure.show(layernorm.variances(layer), on_select=clicks.position)
left, right = st.columns(2)
with left:
    figure.show(layernorm.end(layer, True), on_select=clicks.position)
with right:
    figure.show(layernorm.end(layer, False), on_select=clicks.position)

left, right = st.columns(2)
with left:
    st.header("σ at every position", help=defined("σ"))
    figure.show(layernorm.sigma(layer), on_select=clicks.position)
with right:
    st.header("Norms of the tokens")
    figure.show(layernorm.norms(layer))

st.header("What LayerNorm makes of position 0, in one head")
left, right = st.columns(2)
with left:
    st.subheader(
        f"The score of $j = 0$, beside that of $j = {i // 2}$", help=defined("T^p", "T^pp")
    )
    figure.show(layernorm.switch(layer, i, head))
with right:
    st.subheader("$T^{pp}$ without LayerNorm, of the last positions", help=defined("T^pp"))
    figure.show(layernorm.last_rows(layer, head), on_select=clicks.position)

st.header("Variance of the token embeddings and their frequency", help=defined("Var(e)"))
corpus.notice(layer)
if counts is not None:
    figure.show(frequency.variance(layer), on_select=clicks.token)
takeaway.foot()
