"""Token frequency: what the first layer gives to a token for being rare or frequent."""

from functools import partial

import streamlit as st

from detok.app import cached, clicks, columns, corpus, figure, inputs, link, output, page, takeaway
from detok.app.finished import frequency
from detok.readings.glossary import defined
from detok.tables import frequency as tables

layer = page.begin("Token frequency")
counts = cached.load_counts(layer)
st.markdown(
    "Two things depend on one token alone: $T^{e}$, what a token gets from every query whatever "
    "the query is, and **Var(e)**, the variance of its embedding, by which LayerNorm divides. Both "
    "may go with how often the token occurs. Tokens far from that trend may be ones that training "
    "hardly reached. A click on a point or a row leads to the affinity of its token."
)
corpus.notice(layer)
if counts is not None:
    with inputs.bar():
        head = inputs.head_choice(layer, with_all=True, default="all")

    st.header("$T^{e}$ against token count", help=defined("T^e"))
    shown = frequency.self_assertion(layer, head)
    output.answer(shown.answer)
    figure.show(shown, on_select=partial(clicks.token, head=head))
    correlations = frequency.correlations(layer)
    figure.leads(correlations, clicks.head)
    figure.show(correlations)

    st.header("Var(e) against token count", help=defined("Var(e)", "σ"))
    figure.show(frequency.variance(layer), on_select=clicks.token)

st.header("Tokens by name")
measures = {
    tables.title(name): name for name in tables.measures(cached.token_frequencies(layer)[0])
}
chosen = link.selectbox("Measure", list(measures), key="measure", width=200)
measure = measures[chosen]
of_measure = partial(clicks.token, head=tables.head_of(measure))
never = frequency.never(layer, measure)
if counts is not None:
    furthest = frequency.furthest(layer, measure)
    output.answer(furthest.answer)
    for place, side in zip(st.columns(2), furthest.listed, strict=True):
        with place:
            st.subheader(f"Furthest {side} the trend")
            figure.leads(furthest, of_measure, side, columns.TOKENS)
    figure.show(furthest)

    st.header("Tokens that never occur")
    output.answer(never.answer)
if not never.table.empty:
    figure.leads(never, of_measure, "", columns.TOKENS)
    figure.show(never)

st.header("All tokens")
st.markdown("$T^{e}$ of every head, Var(e) and count of every token, in one file.")
figure.show(frequency.every_token(layer))
takeaway.foot()
