"""What a visitor compares: the head of all pages, and another of the same model or of one more."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import detok
from detok.app import cached, columns, figure, go, inputs, link, models, output, texts
from detok.app.figure import Figure
from detok.app.folders import untold
from detok.app.navigation import PLACES
from detok.tables.compare import Side

SAME = "the same"  # the right model, unless another is chosen


def sides(layer: detok.Layer) -> tuple[Side, Side]:
    """Both heads: on the left one of the page's model, on the right another, of any model here."""
    notices = st.container()
    with inputs.bar():
        left = Side("left", layer, inputs.head_choice(layer))
        other = _other_model(layer, notices)
        heads = [str(head) for head in range(other.n_heads)]
        # Another one than on the left, where that is the one that this begins with otherwise.
        first = 0 if left.head == 1 else min(1, other.n_heads - 1)
        head = link.selectbox("Right head", heads, first, key="head_right", width=110)
        right = Side("right", other, int(head))
        st.button(
            "Swap",
            on_click=_swap,
            args=(left, right),
            icon=":material/swap_horiz:",
            help="What is on the left goes to the right, and the other way round.",
        )
    return left, right


def _swap(left: Side, right: Side) -> None:
    choices = {"head": right.head, "head_right": left.head}
    if left.layer is not right.layer:
        link.forget("token")  # whose number is another token's in another vocabulary
        st.session_state["model"] = right.layer.name
        choices["other"] = left.layer.name
    go.to("compare", **choices)


def _other_model(layer: detok.Layer, notices: DeltaGenerator) -> detok.Layer:
    """The right model; one that cannot be loaded is named, and is the left one then."""
    chosen = link.selectbox(
        "Right model",
        [SAME, *models.on_this_machine()],
        key="other",
        width=220,
        help="A model on this machine. One that is not is fetched by choosing it as the model of "
        "all pages first.",
    )
    if chosen in (SAME, layer.name):
        return layer
    try:
        with notices, st.spinner(f"Loading {chosen} …"):
            return cached.load_layer(chosen)
    except detok.InputError as error:
        reason = output.escaped(untold(str(error)))
        notices.error(
            f"**{output.escaped(chosen)} could not be loaded:** {reason}. On the right is "
            f"**{output.escaped(layer.name)}**, too."
        )
        return layer


def choose_head(side: str, head: int, one_model: bool) -> None:
    """A head that was clicked goes to its side; one of a single model to the right."""
    key = "head_right" if one_model or side == "right" else "head"
    st.session_state[key] = str(head)


def offer(on: str) -> None:
    """A link to this page from another, whose head and text or word go along."""
    place = PLACES["compare"]
    label = "Compare with another head or model"
    st.page_link(
        place.path, label=label, icon=place.icon, query_params=go.address("compare", on=on)
    )


def on_what() -> str:
    """Whether heads are compared on a text or on a word."""
    options = ["Text", "Word"]

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"expected {' or '.join(options)}")
        return text

    on = link.chosen("Compare on", "on", options[0], read)
    st.segmented_control("Compare on", options, required=True, key="on")
    return on


def pieces(side: Side, text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The pieces of a text in one model, and the number of the word that each is in.

    There are none of a text that it cannot take. That is said of the right one: the field of the
    text says it of the left.
    """
    try:
        ids = texts.encoded(side.layer, text)[: inputs.MAX_PIECES]
        return tuple(ids), tuple(texts.words_of(side.layer, text)[: len(ids)])
    except detok.InputError as error:
        if side.name == "right":
            output.mistake(error)
        return (), ()


def token_there(
    left: Side, right: Side, token: int, there: tuple[int, ...]
) -> tuple[int | None, bool]:
    """The right model's token for one of the left, and whether it stands for the same.

    Where no token does, it is the last piece of `there`, the text in the right model's tokens.
    """
    same = int(cached.tokens_in_both(left.layer, right.layer)[token])
    return (same, True) if same >= 0 else (next(iter(there[-1:]), None), False)


def choose_point(point: dict[str, Any], left: Side, right: Side) -> None:
    """Goes to a clicked token of both lists, in the head whose list it is in; or the left one."""
    side = right if point["where"] == "right" else left
    take_apart(side, int(point[f"{side.name}_id"]))


def take_apart(side: Side, token: int) -> None:
    """Goes to a token's own affinities in the head of one side."""
    go.to("affinity", model=side.layer.name, token=token, head=side.head)


def lead(side: Side, to: str, label: str, **choices: object) -> None:
    """A link to where one side can be taken apart."""
    place, of = PLACES[to], {"model": side.layer.name, "head": side.head}
    st.page_link(
        place.path, label=label, icon=place.icon, query_params=go.address(to, **of, **choices)
    )


def list_of(shown: Figure, side: Side, height: int) -> None:
    """The list of one head, and its menu; a click on a row leads to its token."""

    def choose() -> None:
        with figure.passing_over(shown):
            if rows := st.session_state[shown.name].selection.rows:
                take_apart(side, int(shown.table["token_id"][rows[0]]))

    st.dataframe(
        shown.listed[""],
        key=shown.name,
        on_select=choose,
        selection_mode="single-row",
        height=height,
        hide_index=True,
        column_config=columns.LISTS,
        alt=shown.title,
    )
    figure.menu(shown)
