"""Segments: a text cut into segments, and what attention would be if each saw itself as a whole."""

import streamlit as st

from detok.app import cuts, figure, inputs, output, takeaway, whole
from detok.app.finished import segments as finished
from detok.readings import segments as readings, words
from detok.readings.glossary import defined
from detok.tables import segments as tables

WINDOW = 18  # tokens in a map, each with its label
COLORS = ("blue", "orange")
COLUMNS = {
    "token": st.column_config.TextColumn("Token j", pinned=True),
    "segment": st.column_config.TextColumn("Segment"),
    "seen_causal": st.column_config.NumberColumn("Seen by, causal"),
    "seen_segments": st.column_config.NumberColumn("Seen by, by segments"),
    "causal": st.column_config.NumberColumn("Attention, causal", format="%.4f"),
    "segments": st.column_config.NumberColumn("Attention, by segments", format="%.4f"),
    "gain": st.column_config.NumberColumn("Gain", format="%+.4f"),
    "even": st.column_config.NumberColumn("Gain if even", format="%+.4f"),
}

layer, model = whole.begin("Segments")
st.markdown(
    "A causal model hides from each token what comes after it. While a prompt is read, that need "
    "not be: cut it into segments, and see what attention would be if each token saw all of its "
    "own segment. Later segments stay hidden, and so does what is still to come in an answer."
)
run = whole.text(layer, model, *cuts.PLACES)

st.header("The segments")
chosen, end = cuts.choice(layer, run)
lengths = tables.lengths_of(chosen, end)
parts = tables.segments(run, lengths)
output.reading(readings.cut(parts, sum(cut >= end for cut in chosen)))
st.markdown(
    " ".join(
        f":{COLORS[part.segment % 2] if part.segment else 'gray'}-background["
        f"{output.escaped(part.text)}]"
        for part in parts.itertuples()
    )
)
with inputs.bar():
    number = whole.layer_choice(model)
    head = inputs.head_choice(layer)
of = (layer, run, lengths)

st.header("Who attends to whom")
window = inputs.window(run.n, WINDOW)
attention = finished.attention(*of, number, head, window)
output.answer(attention.answer)
figure.show(attention)

st.header("Which tokens gain")
gains = finished.gains(*of, number, head)
output.answer(gains.answer)
figure.lists(gains, "", COLUMNS)
figure.show(gains)

st.header("The token after the text")
after = finished.next_tokens(*of)
output.answer(after.answer)
figure.show(after)

st.header("The six terms of every pair", help=defined("T^ee", "T^pp", "T^ep", "T^pe", "T^e", "T^p"))
figure.show(finished.square(*of, head, window))
output.reading(words.SIGNS)
takeaway.foot()
