"""Backward lens: what a step of training on a text would write into the MLPs of all layers."""

import streamlit as st

from detok.app import (
    clicks,
    columns,
    figure,
    go,
    inputs,
    link,
    output,
    takeaway,
    whole,
)
from detok.app.finished import lens, shift
from detok.charts.lens import NAMED
from detok.readings.glossary import defined
from detok.tables import lens as tables
from detok.tables.shift import ETAS

MATRICES = {"second": "second: VJPs δ", "first": "first: inputs x"}
ENDS = {"least": "least probable", "most": "most probable"}

layer, model = whole.begin("Backward lens")
st.markdown(
    "What would a step of training on this text write, and where? For a linear layer, the gradient "
    "of its matrix is $\\sum_i x_i^{\\top} \\delta_i$: the input at each position times the "
    "gradient at the output there, **δ**, the vector-Jacobian product (VJP). Both are read as "
    "tokens by the logit lens, $LL(x) = \\operatorname{softmax}(\\ln_f(x)\\, W_U^{\\top})$: of an "
    "MLP's first matrix the inputs, of its second the VJPs. The loss is $-\\log p$ of the target "
    "at the last position. A click on a cell shows its tokens, one on a token its affinity."
)
run = whole.text(layer, model)
with inputs.bar():
    matrix = link.selectbox(
        "MLP matrix", list(MATRICES), key="matrix", format_func=MATRICES.__getitem__, width=180
    )
    end = "most"
    if matrix == "second":
        end = link.selectbox(
            "Rank 1 is", list(ENDS), key="end", format_func=ENDS.__getitem__, width=170
        )
    number = link.number_input(
        "Layer", 0, model.n_layers - 1, None, key="layer", placeholder="largest norm", width=150
    )
    position = link.number_input(
        "Position", 0, run.n - 1, None, key="at", placeholder="largest norm", width=150
    )
best = tables.largest(lens.cells(layer, run, matrix))
chosen = (best[0] if number is None else number, best[1] if position is None else position)


def choose(clicked: clicks.Clicked) -> None:
    """A click on a cell shows its tokens."""
    go.to("lens", layer=clicked[0]["layer"], at=clicked[0]["position"])


def choose_eta(clicked: clicks.Clicked) -> None:
    """A click on the curve chooses its η, which the browser has in 32 bits."""
    go.to("lens", eta=min(ETAS, key=lambda eta: abs(eta - clicked[0]["eta"])))


st.header("Where the gradient is, and where the target is in it", help=defined("rank"))
norms = lens.norms(layer, run, matrix, end, chosen)
ranks = lens.ranks(layer, run, matrix, end, chosen)
output.answer(norms.answer)
left, right = st.columns(2) if run.n <= NAMED else (st.container(), st.container())
with left:
    figure.show(norms, on_select=choose)
with right:
    figure.show(ranks, on_select=choose)

st.header("The tokens of a cell")
cell = lens.cell(layer, run, matrix, end, chosen)
output.answer(cell.answer)
if not cell.table.empty:
    for place, which in zip(
        st.columns(2), ENDS if matrix == "second" else ("most", "least"), strict=True
    ):
        with place:
            st.subheader(ENDS[which].capitalize())
            figure.leads(cell, clicks.token, which, columns.LENS)
figure.show(cell)

st.header("Forward shift")
st.markdown(
    "A step imprints inputs and shifts outputs. The same can be done without a backward pass, in "
    "one layer: $W_2 \\leftarrow W_2 + \\eta\\, x_n^{\\top} W_U[\\text{target}]$, with $x_n$ the "
    "neurons' activations at the last position. A click on the curve chooses η."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    layers = list(range(model.n_layers))
    shifted = link.selectbox("Shifted layer", layers, layers[-1], key="shift_layer", width=130)
    eta = link.selectbox(
        "η", ETAS, ETAS.index(0.1), key="eta", format_func=lambda eta: f"{eta:g}", width=110
    )
    sample = inputs.sample_number("Draws the random token that the shift is compared with.")
    every = len(layers) > 1 and link.toggle(
        "Every layer at this η",
        key="every",
        help="Each shifted by itself: a pass through the layers above it for each.",
    )
with st.spinner("The text goes through the shifted layers …"):
    curve = shift.curve(layer, run, shifted, sample, eta)
output.answer(curve.answer)
figure.show(curve, on_select=choose_eta)
if every:
    with st.spinner("The text goes through the model with each layer shifted …"):
        by_layer = shift.by_layer(layer, run, eta, shifted)
    figure.show(by_layer, on_select=lambda clicked: go.to("lens", shift_layer=clicked[0]["layer"]))
takeaway.foot()
