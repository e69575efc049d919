"""Overview: what detok shows, on which model, how exact it is, and where to begin."""

import pandas as pd
import streamlit as st

import detok
from detok import cached, charts, tables, term_charts, term_tables, ui

SAMPLE = "Mr. Sherlock Holmes and Dr. Watson returned to Baker Street."

layer = ui.page("detok")
st.markdown(
    "A language model sees “Libertarian” as “Liber” + “tarian”; its first layers bring the pieces "
    "back together. detok shows how the first attention layer does it, **from the weights alone**. "
    "LayerNorm is folded into the layer and the attention score of two tokens is taken apart into "
    "six terms that add up to it, but for a constant in each row, which softmax ignores."
)

st.subheader("The score, taken apart")
ids = layer.tokenizer.encode(SAMPLE)[: layer.n_positions]
head = st.selectbox("Head", list(map(str, range(layer.n_heads))), key="head", bind="query-params")
terms = detok.terms(layer, ids, int(head))
panels = term_tables.maps(layer, ids, terms, range(len(ids)))
ui.chart(term_charts.maps(panels, ui.is_dark(), labelled=False), "content")
ui.reading(term_tables.maps_reading(panels, int(head)))
ui.numbers(panels, "decomposition", layer, "divided by sqrt(d_head)", ids)
st.page_link("pages/4_Six-term_contributions.py", label="Take your own text apart")

st.subheader("Begin here")
for text, why in ui.EXAMPLES:
    st.page_link(
        "pages/1_Token_affinity.py",
        label=f"**{text.strip()}** — {why}",
        query_params={"text": text, "model": layer.name},
    )

st.subheader("The model")
ui.facts(tables.model_facts(layer))
ui.reading(tables.origin(layer))

emergence = layer.source.folder / "emergence.csv"
if emergence.exists():
    st.subheader("How detokenization emerged in training")
    history = pd.read_csv(emergence)
    left, right = st.columns(2)
    with left:
        ui.chart(charts.emergence(history, "auroc", "Mean AUROC of T^ee", ".2f"))
    with right:
        ui.chart(
            charts.emergence(history, "mass_last_5", "Attention to the last 5 positions", ".0%")
        )
    ui.reading(tables.emergence_reading(history))
    ui.download(history, "emergence", layer)

st.subheader("How exact it is")
with st.spinner("Running the model's own first layer …"):
    error = cached.attention_error(layer.name, SAMPLE)
st.markdown(
    f"Largest difference between the attention from the six terms and that of the model's own "
    f"first layer, computed by `transformers`: **{error:.1e}** (all {layer.n_heads} heads, "
    f"{len(ids)} tokens, {str(layer.Q_E.dtype).removeprefix('torch.')}). Sample: “{SAMPLE}”"
)
