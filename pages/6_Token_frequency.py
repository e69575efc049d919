"""Token frequency: what the first layer gives to a token for being rare or frequent."""

import streamlit as st

from detok.app import cached, columns, downloads, inputs, output, page
from detok.charts import frequency as charts
from detok.charts.palette import TERM_COLORS
from detok.readings import frequency as readings
from detok.readings.glossary import defined
from detok.tables import frequency as tables
from detok.tables.common import sampled

# Columns of a table that has half the page.
FURTHEST = ["shown", "distance", "count", "value", "trend", "kind"]

layer = page.begin("Token frequency")
counts = cached.load_counts(layer)
st.markdown(
    "Two things depend on one token alone: $T^{e}$, what a token gets from every query whatever "
    "the query is, and **Var(e)**, the variance of its embedding, by which LayerNorm divides. Both "
    "may go with how often the token occurs. Tokens far from that trend may be ones that training "
    "hardly reached."
)
output.counts_notice(layer)
table, correlations = cached.token_frequencies(layer)
occurring = tables.seen(table)
kinds = cached.token_kinds(layer)

if counts is not None:
    st.header("$T^{e}$ against token count", help=defined("T^e"))
    head = inputs.head_choice(layer, with_all=True, default="all")
    output.answer(readings.self_assertion(correlations, head))
    if head is None:
        drawn = sampled(occurring, layer, tables.MAX_POINTS_PANEL)
        output.chart(charts.by_head(tables.by_head(drawn)))
    else:
        drawn = sampled(tables.with_trend(table, f"head_{head}"), layer)
        title = f"Tᵉ of head {head} (unscaled)"
        output.chart(charts.against_count(drawn, title, TERM_COLORS["e"]))
    output.reading(readings.drawn(drawn, occurring, table, has_trend=head is not None))
    alt = "Spearman's ρ with the count, and its p-value, of each head and of Var(e)."
    st.dataframe(tables.by_measure(correlations), hide_index=True, alt=alt)
    downloads.download(correlations, "frequency", layer)

    st.header("Var(e) against token count", help=defined("Var(e)", "σ"))
    drawn = sampled(tables.with_trend(table, "variance"), layer)
    output.chart(charts.against_count(drawn, "Var(e)"))
    output.reading(f"{readings.variance(correlations)} {readings.drawn(drawn, occurring, table)}")

st.header("Tokens by name")
measures = {tables.title(name): name for name in tables.measures(table)}
chosen = st.selectbox("Measure", list(measures), key="measure", bind="query-params", width=200)
measure = measures[chosen]
if counts is None:
    largest = tables.largest(table, layer, kinds, measure)
    alt = f"Tokens with the largest {chosen}."
    st.dataframe(largest, hide_index=True, alt=alt, column_config=columns.TOKENS)
    downloads.download(largest, "tokens", layer)
else:
    trend = tables.with_trend(table, measure)
    furthest = tables.furthest(trend, layer, kinds)
    output.answer(readings.furthest(furthest, tables.far(trend), trend, measure))
    left, right = st.columns(2)
    for place, side in ((left, "above"), (right, "below")):
        place.subheader(f"Furthest {side} the trend")
        part = furthest[furthest["side"] == side][FURTHEST]
        alt = f"Tokens furthest {side} the trend."
        place.dataframe(part, hide_index=True, alt=alt, column_config=columns.TOKENS)
    downloads.download(furthest, "furthest", layer)

    st.header("Tokens that never occur")
    output.answer(readings.never(tables.occurrence(table, measure), measure))
    never = tables.largest(table[table["count"] == 0], layer, kinds, measure)
    if len(never):
        alt = f"Tokens that never occur, with the largest {chosen} first."
        st.dataframe(never, hide_index=True, alt=alt, column_config=columns.TOKENS)
        downloads.download(never, "never", layer)

st.header("All tokens")
st.markdown("$T^{e}$ of every head, Var(e) and count of every token, in one file.")
downloads.download(table, "token-frequency", layer, when_asked=True)
