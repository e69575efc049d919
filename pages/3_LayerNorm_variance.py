"""LayerNorm variance: what LayerNorm divides by, and why position 0 is an attention sink."""

import streamlit as st

import detok
from detok import cached, ui
from detok import layernorm_charts as charts
from detok import layernorm_tables as tables

layer = ui.page("LayerNorm variance")
counts = cached.load_counts(layer.name)
st.markdown(
    "Before attention, LayerNorm divides the input e + p by **σ**, the root of its variance. A "
    "position of exceptional variance changes every score that it takes part in: a switch that is "
    "in the weights."
)
with st.spinner("Reading the vocabulary once …"):
    stats = cached.layernorm_stats(layer.name)

st.subheader("Variance of the position embeddings")
variances = tables.variances(stats)
ui.chart(charts.position_variance(variances))
left, right = st.columns(2)
with left:
    ui.chart(charts.end_variance(variances.head(tables.ENDS), "The first positions"))
with right:
    ui.chart(charts.end_variance(variances.tail(tables.ENDS), "The last positions"))
ui.reading(tables.variances_reading(variances))
ui.download(variances, "variance", layer)

left, right = st.columns(2)
with left:
    st.subheader("σ at every position")
    ui.chart(charts.position_sigma(variances))
    ui.reading(tables.sigma_reading(variances))
    ui.download(variances[["position", "sigma", "sigma_min", "sigma_max"]], "sigma", layer)
with right:
    st.subheader("Norms of the tokens")
    norms = tables.norms(stats)
    ui.chart(charts.norms(norms))
    ui.reading(tables.norms_reading(stats))
    ui.download(norms, "norms", layer)

st.subheader("The switch at position 0, in one head")
with st.container(horizontal=True, vertical_alignment="bottom"):
    chosen = st.selectbox(
        "Head", list(map(str, range(layer.n_heads))), key="head", bind="query-params", width=130
    )
    i = ui.current_position(layer)
head = int(chosen)
bias = detok.position_bias(layer, i)
left, right = st.columns(2)
with left:
    st.markdown(f"**The score of j = 0, beside that of j = {i // 2}**")
    steps = tables.switch(layer, bias, head)
    ui.chart(charts.switch(steps))
    ui.reading(tables.switch_reading(steps, bias, head))
    ui.download(steps, "switch", layer)
with right:
    st.markdown("**T^pp without LayerNorm of the last positions**")
    rows = tables.last_rows(layer, head)
    ui.chart(charts.last_rows(rows))
    ui.reading(tables.last_rows_reading(stats, head))
    ui.download(rows, "last-positions", layer)

st.subheader("Variance of the token embeddings and their frequency")
ui.counts_notice(counts)
if counts is not None:
    tokens = tables.token_variances(layer, stats, counts)
    drawn = tables.sampled(tokens, layer)
    ui.chart(charts.token_variance(drawn))
    ui.reading(tables.token_variances_reading(tokens, drawn, counts))
    ui.download(drawn, "token-variance", layer)
