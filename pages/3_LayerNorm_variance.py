"""LayerNorm variance: what LayerNorm divides by, and why position 0 is an attention sink."""

import streamlit as st

import detok
from detok.app import cached, downloads, inputs, output, page
from detok.charts import frequency as frequency_charts, layernorm as layernorm_charts
from detok.readings import frequency as frequency_readings, layernorm as layernorm_readings
from detok.readings.glossary import defined
from detok.tables import common, frequency as frequency_tables, layernorm as layernorm_tables

layer = page.begin("LayerNorm variance")
counts = cached.load_counts(layer)
st.markdown(
    "Before attention, LayerNorm divides the input e + p, token and position, by **σ**, the root "
    "of its variance. A position of exceptional variance changes every score that it takes part "
    "in. What a model adds to every token counts as position, and "
    "p is in the unit of e where a model multiplies its tokens."
)
with st.spinner("Reading the vocabulary once …"):
    stats = cached.layernorm_stats(layer)

st.header("Variance of the position embeddings")
variances = layernorm_tables.variances(stats)
output.chart(layernorm_charts.variances(variances))
left, right = st.columns(2)
with left:
    output.chart(layernorm_charts.end(variances.head(layernorm_tables.ENDS), "The first positions"))
with right:
    output.chart(layernorm_charts.end(variances.tail(layernorm_tables.ENDS), "The last positions"))
output.reading(layernorm_readings.variances(variances, stats))
downloads.download(variances, "variance", layer)

left, right = st.columns(2)
with left:
    st.header("σ at every position", help=defined("σ"))
    output.chart(layernorm_charts.sigma(variances))
    output.reading(layernorm_readings.sigma(variances, stats))
    downloads.download(variances[["position", "sigma", "sigma_min", "sigma_max"]], "sigma", layer)
with right:
    st.header("Norms of the tokens")
    norms = layernorm_tables.norms(stats)
    output.chart(layernorm_charts.norms(norms))
    output.reading(layernorm_readings.norms(stats))
    downloads.download(norms, "norms", layer)

st.header("What LayerNorm makes of position 0, in one head")
with st.container(horizontal=True, vertical_alignment="bottom"):
    head = inputs.head_choice(layer)
    i = inputs.current_position(layer)
plain, bias = (detok.position_bias(layer, i, layernorm=on) for on in (False, True))
left, right = st.columns(2)
with left:
    st.subheader(
        f"The score of $j = 0$, beside that of $j = {i // 2}$", help=defined("T^p", "T^pp")
    )
    steps = layernorm_tables.switch(layer, plain, bias, head)
    output.chart(layernorm_charts.switch(steps))
    output.reading(layernorm_readings.switch(steps, plain, bias, head))
    downloads.download(steps, "switch", layer)
with right:
    st.subheader("$T^{pp}$ without LayerNorm, of the last positions", help=defined("T^pp"))
    rows = layernorm_tables.last_rows(layer, head)
    output.chart(layernorm_charts.last_rows(rows))
    output.reading(layernorm_readings.last_rows(stats, head))
    downloads.download(rows, "last-positions", layer)

st.header("Variance of the token embeddings and their frequency", help=defined("Var(e)"))
output.counts_notice(layer)
if counts is not None:
    tokens, correlations = cached.token_frequencies(layer)
    drawn = common.sampled(frequency_tables.with_trend(tokens, "variance"), layer)
    output.chart(frequency_charts.against_count(drawn, "Var(e)"))
    output.reading(
        f"{frequency_readings.variance(correlations)} "
        f"{frequency_readings.drawn(drawn, frequency_tables.seen(tokens), tokens)}"
    )
    downloads.download(drawn.rename(columns={"value": "variance"}), "token-variance", layer)
