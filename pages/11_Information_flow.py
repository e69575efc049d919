"""Information flow: what reaches one position, layer by layer, as a graph."""

from functools import partial
from typing import Any

import streamlit as st

from detok.app import clicks, columns, figure, go, inputs, link, output, takeaway, whole
from detok.app.finished import flow as finished, inner as inner_finished
from detok.charts.flow import MEASURES
from detok.readings import inner as inner_readings
from detok.tables import inner as inner_tables, text as text_tables
from detok.whole.flow import Pruning

SHOWN = 2  # layers in the graph
MOST = 40  # of each kind of part, in a layer

layer, model = whole.begin("Information flow")
st.markdown(
    "Each layer adds to a position's **residual stream** what its heads bring from other positions "
    "and what its neurons make of it. Here all of these vectors are read in the vocabulary, as if "
    "the model answered with them, and followed to one position. A click on a part shows what it "
    "reads as."
)
# What was chosen in the last text means nothing in another.
of_text = partial(link.forget, "position", "window", "node", "word")
run = whole.text(layer, model, of_text)
tokens = text_tables.labels(layer, run.ids.tolist())
first_of_last = max(0, model.n_layers - SHOWN)
with inputs.bar():
    position = link.selectbox(
        "Position", range(run.n), run.n - 1, key="position", format_func=tokens.__getitem__
    )
    start = 0
    if first_of_last:
        settled = min(finished.settled(run, position), first_of_last)
        start = link.slider(
            f"First of the {SHOWN} layers shown",
            0,
            first_of_last,
            settled,
            key="window",
            on_change=link.forget,
            args=("node",),
        )
shown = (start, min(start + SHOWN, model.n_layers))


def choose(clicked: clicks.Clicked) -> None:
    """A click chooses a part, and the layers that it is in."""
    mark: dict[str, Any] = clicked[0]
    number = int(mark["node"].partition("-")[0])
    is_shown = shown[0] <= number <= shown[1]
    go.to("flow", node=mark["node"], window=None if is_shown else min(number, first_of_last))


st.header("The stream through the layers")
measure = link.selectbox(
    "What of it", list(MEASURES), key="measure", format_func=lambda name: MEASURES[name][0]
)
stream = finished.stream(layer, run, position, measure, shown)
output.answer(stream.answer)
figure.show(stream, on_select=choose)

st.header("The graph")
kept = Pruning()
with st.container(horizontal=True):
    pruning = (
        link.number_input("Heads", 0, model.n_heads, min(kept.heads, model.n_heads), key="heads"),
        link.number_input("Keys of each", 0, MOST, kept.keys, key="keys"),
        link.number_input("Neurons", 0, MOST, kept.neurons, key="neurons"),
        link.number_input("Negative neurons", 0, MOST, kept.negative, key="negative"),
    )
of_graph = (run, position, pruning, shown)
names, default = finished.parts(*of_graph)
options = list(names)
left, right = st.columns(2)
with left:
    node = link.selectbox(
        "Part",
        options,
        options.index(default),
        key="node",
        format_func=names.__getitem__,
        help="Or click one. At first, what adds most to the target's logit of all that is shown.",
    )
    part = finished.tokens(layer, *of_graph, node)
    output.answer(part.answer)
    figure.menu(part)
with right, st.container(horizontal=True):
    for which in part.listed:
        with st.container(width=190):
            st.caption(which)
            figure.leads(part, clicks.token, which, columns.FLOW_TOKENS)
graph = finished.graph(layer, *of_graph, node)
figure.show(graph, on_select=choose)
with st.expander("The same as tables"):
    figure.leads(graph, choose, "parts", columns.FLOW_PARTS)
    edges = finished.edges(layer, *of_graph)
    figure.lists(edges, "", columns.FLOW_EDGES)
    figure.menu(edges)

st.header("The inner vocabulary")
st.markdown(
    "Of a word in several tokens the last one sees all others. Does it read, in some layer, as the "
    "whole word, or as what follows it?"
)
words = inner_tables.words(run)
if words.empty:
    st.info(inner_readings.NONE)
else:
    pieces = dict(zip(words["start"].tolist(), words["pieces"], strict=True))
    best = words.sort_values("token_id")["start"].iloc[0]
    word = link.selectbox(
        "Word",
        list(pieces),
        list(pieces).index(best),
        key="word",
        format_func=pieces.__getitem__,
    )
    left, right = st.columns(2)
    with left:
        figure.show(inner_finished.ranks(layer, run, word))
    with right:
        if inner_tables.word(run, word)["single"]:
            figure.show(inner_finished.cosines(layer, run, word))
takeaway.foot()
