"""What a visitor compares: the head of all pages, and another of the same model or of one more."""

import streamlit as st

import detok
from detok.app import cached, inputs, output, texts
from detok.bundled import BUNDLED
from detok.scores import compare
from detok.tables.compare import Side

SAME = "the same"  # the right model, unless another is chosen


def sides(layer: detok.Layer) -> tuple[Side, Side]:
    """Both heads: on the left one of the page's model, on the right another, of any model here."""
    head = inputs.head_choice(layer)
    other = _other_model(layer)
    options = [str(head) for head in range(other.n_heads)]
    other_head = st.selectbox(
        "Right head",
        options,
        min(1, other.n_heads - 1),
        key="head_right",
        bind="query-params",
        width=130,
    )
    return Side("left", layer, head or 0), Side("right", other, int(other_head))


def _other_model(layer: detok.Layer) -> detok.Layer:
    """The right model; where it cannot be loaded, or the link names none, the same as the left."""
    models = dict.fromkeys([cached.default_model(), *BUNDLED, *cached.models_here()])
    options = [SAME, *models]
    asked = st.query_params.get("other", SAME)
    if asked not in options:
        here = ", ".join(models)
        st.warning(output.escaped(f"The link asks for {asked!r} on the right; here are {here}."))
    chosen = st.selectbox(
        "Right model",
        options,
        key="other",
        bind="query-params",
        width=240,
        help="A model on this machine. One that is not is fetched by choosing it as the model of "
        "all pages first.",
    )
    if chosen in (SAME, layer.name):
        return layer
    try:
        with st.spinner(f"Loading {chosen} …"):
            return cached.load_layer(chosen)
    except detok.InputError as error:
        named = output.escaped(chosen)
        st.error(
            f"**{named} could not be loaded:** {output.escaped(str(error))}. On the right is "
            f"**{output.escaped(layer.name)}**, too."
        )
        return layer


def shared_text(left: detok.Layer, right: detok.Layer, text: str) -> compare.Shared:
    """A text in the tokens of both models; where neither can split one, by the ids of tokens.

    Raises: InputError if the text has no token, or is none that both models can take.
    """
    splits = []
    for layer in (left, right):
        texts.tokens_of(layer, text)  # which checks it
        if texts.can_encode(layer):
            splits.append(compare.split(layer, text))
        else:
            ids = texts.encoded(layer, text)
            splits.append(compare.Split(ids, list(range(1, len(ids) + 1)), layer.n_positions))
    return compare.shared(*splits, compare.share_vocabulary(left, right))
