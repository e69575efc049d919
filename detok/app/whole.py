"""How the pages begin that look at all layers of a model, and the text that goes through them."""

from functools import partial

import streamlit as st
import torch

import detok
from detok.app import cached, examples, go, inputs, link, long_runs, output, page, texts
from detok.bundled import BUNDLED
from detok.errors import NotDownloadable
from detok.model import memory
from detok.model.amounts import in_bytes
from detok.model.families import check_whole
from detok.model.files import read_config
from detok.readings import run as readings
from detok.whole.checkpoint import largest_file, needed

MEGABYTE = 10**6
# Attention of all layers and heads is kept, n² numbers each, of several texts for all visitors.
MAX_TOKENS = 128
MOST_PROBABLE = 10
EXAMPLES = {
    "A city": "I like Italy and France. I visited the city of",
    "A capital": "Buenos Aires is the capital of",
    "A name said twice": "Sherlock Holmes smiled. “Yes,” said Sherlock",
    "The paper's words": "Libertarian, Barack Obama, aluminum chloride, Homo sapiens",
}


def begin(title: str) -> tuple[detok.Layer, detok.Model]:
    """Sets up a page; gives the first layer of the visitor's model, and all of them.

    Where they are not here it offers to fetch them, or says why they cannot be had, and ends the
    page.
    """
    layer = page.begin(title)
    try:
        return layer, _model_of(layer)
    except detok.InputError as error:
        output.mistake(error)
        _elsewhere(layer)
        st.stop()


def _model_of(layer: detok.Layer) -> detok.Model:
    try:
        check_whole(read_config(layer.source.folder))
        with st.spinner(f"Loading all layers of {layer.name} …"):
            return cached.whole_model(layer)
    except NotDownloadable:
        _fetch(layer)
        st.stop()


def _fetch(layer: detok.Layer) -> None:
    """Offers the download of all layers, or shows how far it is; it is one for all visitors."""
    job = cached.whole_download(layer.name, layer.source.revision)
    name, config = output.escaped(layer.name), read_config(layer.source.folder)
    if job.state == "done":  # and what it brought is gone
        cached.whole_download.clear(layer.name, layer.source.revision)
        st.rerun()
    if job.is_wanted:
        st.info(f"Fetching all layers of **{name}** from the hub, once.")
        long_runs.watch(job, "MB", MEGABYTE)
        return
    if job.state == "failed":
        output.mistake(detok.InputError(job.refusal))
    taken = needed(config, torch.float32)
    memory.check_bytes(taken, layer.device, "loading all layers", "a smaller model")
    st.info(
        f"This page looks at all layers of **{name}**, of which only the first is here. All "
        f"{layer.n_layers:,} take up to {in_bytes(largest_file(config, torch.float32))} on the "
        f"disk, and {in_bytes(taken)} of memory."
    )
    st.button(
        "Fetch them, once",
        icon=":material/download:",
        on_click=job.start,
        args=(
            lambda progress: detok.fetch_whole(
                layer.name, layer.source.revision, progress=progress
            ),
        ),
    )
    _elsewhere(layer)


def _elsewhere(layer: detok.Layer) -> None:
    """Where a visitor can go on whose model has only its first layer here."""
    with st.container(horizontal=True):
        if layer.name not in BUNDLED:
            st.button(
                "See this page in mini",
                on_click=lambda: st.session_state.update(model="mini"),
            )
        go.link_to("terms", "The first layer alone")


def text(layer: detok.Layer, model: detok.Model, *places: str) -> detok.Run:
    """A text and the token after it, both of a visitor's choice, and their run.

    Without a choice the target is what the model finds most probable. `places` are keys of widgets
    of the page whose choices mean nothing in another text: they are forgotten with it.
    """
    begin_with = {**EXAMPLES, "A word in pieces": f"The word was{examples.word(layer)}"}
    can_encode = texts.can_encode(layer)
    default, forget = texts.sample(layer, EXAMPLES["A city"]), partial(link.forget, *places)
    passage = inputs.passage(default, begin_with if can_encode else {}, forget)
    ids = tuple(inputs.passage_ids(layer, passage, default, most=MAX_TOKENS))
    try:
        with st.spinner("The text goes through all layers, forward and back …"):
            run = cached.run_of(model, ids, None)
            best = run.log_probs[: layer.vocab_size].topk(min(MOST_PROBABLE, layer.vocab_size))
            probable = best.indices.tolist()
            with st.container(horizontal=True, vertical_alignment="bottom"):
                target = inputs.token_field(layer, probable, probable[0], "Target")
            run = run if target in (None, run.target) else cached.run_of(model, ids, target)
    except detok.InputError as error:
        output.mistake(error)
        st.stop()
    output.reading(readings.target(run))
    return run


def layer_choice(model: detok.Model) -> int:
    """The number of a layer, of all that the model has."""
    return link.selectbox("Layer", list(range(model.n_layers)), 0, key="layer", width=110)
