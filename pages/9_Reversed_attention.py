"""Reversed attention: what every head's scores do to the loss, and the six terms to it."""

from contextlib import nullcontext

import streamlit as st

from detok.app import clicks, figure, go, inputs, link, output, settings, takeaway, whole
from detok.app.finished import attribution, reversed as finished
from detok.readings.glossary import defined
from detok.readings.reversed import pair as said_of_pair
from detok.tables.reversed import ETAS, one

WINDOW = 26  # tokens in a map, each with its label
ETA = -10.0
# Tokens times bytes of weights: with fewer, a text is through all layers at every η in a second.
QUICK = 5e9
COLUMNS = {
    "rank": st.column_config.NumberColumn("Rank", width="small"),
    "current": "Current token i",
    "past": "Past token j",
    "attention": st.column_config.NumberColumn("A", format="%.3f"),
    "reversed": st.column_config.NumberColumn("R", format="%+.3g"),
}
TRIED = {
    "part": "Term",
    "value": st.column_config.NumberColumn("Attribution", format="%+.4g"),
    "tried": st.column_config.NumberColumn("Finite difference", format="%+.4g"),
    "relative": st.column_config.NumberColumn("Relative difference", format="percent"),
}

layer, model = whole.begin("Reversed attention")
st.markdown(
    "Attention **A** says what a head looks at on the way forward. Reversed attention **R** is "
    "what comes back: how the loss, −log p(target), changes with each score of each head. "
    "A click on a cell chooses its head or its pair."
)
run = whole.text(layer, model, "pair_i", "pair_j", "window")
last = run.n - 1
with inputs.bar():
    number = whole.layer_choice(model)
    head = inputs.head_choice(layer)


def choose_head(clicked: clicks.Clicked) -> None:
    """A head of a layer: of the first one, where the mark is of that alone."""
    go.to("reversed", layer=int(clicked[0].get("layer", 0)), head=int(clicked[0]["head"]))


def is_in_view(i: int, j: int) -> bool:
    """Whether the part of the text that is shown has both tokens."""
    return window[0] <= j and i < window[1]


def choose_pair(clicked: clicks.Clicked) -> None:
    """A pair of tokens, and a part of the text where it is in view, as far as one has both."""
    i, j = (int(clicked[0][place]) for place in "ij")
    to = None if is_in_view(i, j) else max(0, i + 1 - WINDOW)
    go.to("reversed", pair_i=i, pair_j=j, window=to)


def to_terms(i: int, j: int) -> dict[str, object]:
    """Where the score of a pair of the first layer is taken apart."""
    return {
        "passage": st.session_state["passage"][: settings.now().max_text],
        "head": head,
        "pair_i": i,
        "pair_j": j,
    }


def listed(table: figure.Figure) -> None:
    """What a table shows in words, and its menu."""
    for sentence in table.readings:
        output.reading(sentence)
    figure.menu(table)


st.header("Which heads the answer depends on", help=defined("head"))
of_head = (layer, run, number, head)
shown = finished.norms(*of_head, "reversed")
output.answer(shown.answer)
left, right = st.columns(2)
with left:
    st.subheader("Forward: ‖A‖")
    figure.show(finished.norms(*of_head, "forward"), on_select=choose_head)
with right:
    st.subheader("In reverse: ‖R‖")
    figure.show(shown, on_select=choose_head)

st.header(f"Head {head} of layer {number}, forward and in reverse")
window = inputs.window(run.n, WINDOW, at_end=True)
with st.container(horizontal=True, vertical_alignment="bottom"):
    how = {"placeholder": "strongest", "help": "Or click a cell. The largest |R|, unless chosen."}
    i = link.number_input("Current i", 0, last, None, key="pair_i", width=150, **how)
    pairs = finished.pairs(*of_head)
    i = int(one(pairs, i)["i"])
    j = link.number_input("Past j", 0, i, None, key="pair_j", width=150, **how)
    chosen = one(pairs, i, j)
    i, j = int(chosen["i"]), int(chosen["j"])
of_pair = (*of_head, window, (i, j))
output.answer(said_of_pair(chosen, is_in_view(i, j)))
if number == 0:
    go.link_to("terms", "The six terms of this pair", **to_terms(i, j))
left, right = st.columns(2)
with left:
    st.subheader("Attention A")
    figure.show(finished.of_pairs(*of_pair, "attention"), on_select=choose_pair)
with right:
    st.subheader("Reversed attention R")
    figure.show(finished.of_pairs(*of_pair, "reversed"), on_select=choose_pair)
st.subheader("The strongest pairs")
strongest = finished.strongest(*of_head)
if len(strongest.table):
    figure.leads(strongest, choose_pair, columns=COLUMNS)
listed(strongest)

st.header("What the six terms of the first layer do to the loss")
of_first = attribution.by_head(layer, run)
output.answer(of_first.answer)
left, right = st.columns(2)
with left:
    st.subheader("Every head")
    figure.show(of_first, on_select=choose_head)
with right:
    st.subheader(f"Head {head} of the first layer")
    is_tried = link.toggle(
        "Check by finite differences",
        key="check",
        help="Runs the model twelve times, with a little more and a little less of each term.",
    )
    with st.spinner("Twelve times through all layers …") if is_tried else nullcontext():
        shown = attribution.of_head(layer, run, head, is_tried)
    figure.show(shown)
    if is_tried:
        tried = attribution.tried(layer, run, head)
        figure.lists(tried, _columns=TRIED)
        listed(tried)
st.subheader(f"The pairs that do most, in head {head} of the first layer")
figure.show(
    attribution.by_pair(layer, run, head),
    on_select=lambda clicked: go.to(
        "terms", **to_terms(int(clicked[0]["i"]), int(clicked[0]["j"]))
    ),
)

st.header("What would follow if all heads attended otherwise")
st.markdown(
    "Attention of all heads becomes A + η R, of this text’s own R. A step "
    "against the gradient, η below 0, lowers the loss as long as it is small, wherever R is not "
    "0; a large one may do anything."
)


def signed(eta: float) -> str:
    return f"{eta:+g}" if eta else "0"


def read(text: str) -> float:
    known = {f"{eta:g}": eta for eta in ETAS} | {str(eta): eta for eta in ETAS}
    if text not in known:
        raise ValueError(f"expected one of {', '.join(f'{eta:g}' for eta in ETAS)}")
    return known[text]


is_quick = run.n * model.n_bytes < QUICK
how_often = f"Runs the model {len(ETAS)} times, once for each η."
if link.toggle("Patch the attention", is_quick, key="patch", help=how_often):
    link.chosen("η", "eta", ETA, read)
    eta = st.select_slider("η", ETAS, ETA, format_func=signed, key="eta")
    with st.spinner(f"{len(ETAS)} times through all layers, with patched attention …"):
        patching = finished.patching(layer, run, eta)
    output.answer(patching.answer)
    figure.show(patching, on_select=clicks.eta(ETAS))
takeaway.foot()
