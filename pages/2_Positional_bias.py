"""Positional bias: what the first layer gives to positions, whatever the tokens."""

import re
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import detok
from detok.app import cached, columns, downloads, inputs, output, page, texts
from detok.charts import positions as charts
from detok.readings import positions as readings, words
from detok.readings.glossary import defined
from detok.tables import positions as tables

layer = page.begin("Positional bias")
said = words.words_for(layer)
st.markdown(
    "Two of the six terms depend on positions alone: $T^{p}$, what position j gets from every "
    "query, and $T^{pp}$, what it gets from position i. Their sum shows whether a head leans "
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
        help=f"Off: $b^{{QK}} p_j$ and $p_i W^{{QK}} p_j$ as they are, divided by no σ. "
        f"{defined('σ')}",
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
    placeholder="empty: the excerpts of public-domain books that come with detok",
    help=f"Leave an empty line between two texts. {said.needed}",
)
own = inputs.within(own, 6000)
bias = detok.position_bias(layer, i, layernorm=with_layernorm)
summary = detok.position_summary(layer, i, tables.quarters(layer), layernorm=with_layernorm)
measured = None
with output.mistakes():
    if own.strip():
        paragraphs = re.split(r"\n\s*\n", own.strip())
        measured = detok.mean_attention(layer, [texts.encoded(layer, t) for t in paragraphs], i)
    else:
        layer.tokenizer.check_encodes()
        with st.spinner("Reading the excerpts …"):
            measured = cached.measured_on_excerpts(layer, i)

curves = tables.curves(bias)
attention = tables.attention(bias, measured)
drawn = tables.drawn(curves, layer, i, head, ends)
drawn_attention = tables.drawn(attention, layer, i, head, ends)
shapes = tables.shapes(bias, summary)
shown = curves if head is None else curves[curves["head"] == head]
shown_attention = attention if head is None else attention[attention["head"] == head]
bands = [c for c in shown if c.startswith("p_")], [c for c in shown if c.startswith("pp_")]
if head is None and tables.thinning(layer) > 1:
    st.info(
        f"Drawn: one in {tables.thinning(layer)} positions, and the {tables.ZOOM} nearest to i of "
        "those it sees. The CSV files have all."
    )


def two_places() -> Sequence[DeltaGenerator]:
    """Figures of one head lie beside each other, small multiples of all below each other."""
    return (st.container(), st.container()) if head is None else st.columns(2)


left, right = two_places()
with left:
    st.header("$T^{p}$: the same for all $i$", help=defined("T^p"))
    output.chart(charts.self_assertion(drawn, i))
    output.reading(readings.self_assertion(shapes, head, ends))
    downloads.download(shown[["head", "j", "p", *bands[0]]], "T_p", layer)
with right:
    st.header("$T^{pp}$: seen from $i$", help=defined("T^pp"))
    output.chart(charts.comparison(drawn, i))
    output.reading(readings.comparison(shapes, head, ends))
    downloads.download(shown[["head", "j", "pp", *bands[1]]], "T_pp", layer)

left, right = two_places()
with left:
    st.header("Their sum")
    output.chart(charts.total(drawn, i))
    output.reading(readings.total(shapes, head, ends))
    downloads.download(shown[["head", "j", "p", "pp", "total"]], "T_p+T_pp", layer)
with right:
    st.header("Attention")
    output.chart(charts.attention(drawn_attention, i))
    left_out = [] if ends else tables.left_out(attention["j"], layer.n_positions - 1)
    output.reading(readings.attention(tables.masses(shown_attention, i), i, head, left_out))
    if measured is not None:
        output.reading(readings.measured(measured, "of your texts" if own.strip() else "excerpts"))
    downloads.download(shown_attention, "attention", layer)

close = tables.close(shown_attention, i)
st.header(f"Attention to {said.close}")
output.chart(charts.attention(close, i, points=True))
output.reading(readings.zoom(tables.peaks(tables.over_heads(close), i), close["j"].nunique(), head))
downloads.download(close, "attention-zoom", layer)

st.header("All heads in numbers")
st.dataframe(
    summary,
    alt="All heads in numbers: slope of Tᵖ, period of Tᵖᵖ, and attention by position alone.",
    key="summary",
    hide_index=True,
    on_select=choose_head,
    selection_mode="single-row",
    column_config=columns.summary_columns(summary),
)
best = tables.nearest_and_first(summary, i)
output.reading(readings.summary(best, i, layer.n_heads, layer.is_causal))
downloads.download(summary, "positions", layer)
