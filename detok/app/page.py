"""How every page begins: its set-up, and the model that is looked at."""

from math import prod
from typing import NoReturn

import streamlit as st
from huggingface_hub import is_offline_mode
from streamlit.delta_generator import DeltaGenerator

import detok
from detok.app import (
    cached,
    corpus,
    fallback,
    link,
    log,
    long_runs,
    models,
    navigation,
    start,
    style,
    takeaway,
    used_up,
    visitors,
)
from detok.app.folders import untold
from detok.app.output import escaped, mistake, mistakes
from detok.bundled import BUNDLED
from detok.model import source
from detok.model.amounts import in_bytes
from detok.model.any_layer import AnyLayer
from detok.model.checkpoint import lacking
from detok.model.known import KNOWN
from detok.readings import overview as readings
from detok.scores.ov import was_fetched

MEGABYTE = 10**6
# A download that is refused ends sooner, and needs no bar.
QUICK_S = 1.0


def begin(title: str) -> detok.Layer:
    """Sets up a page and its sidebar; gives the first layer of the model that the visitor chose."""
    st.set_page_config(page_title=f"{title} · detok", page_icon="🧩", layout="wide")
    style.apply()
    used_up.watch()
    try:
        start.begin()
    except detok.InputError as error:
        mistake(error)
        st.stop()
    is_opened = link.begin(navigation.name_of(title))
    top, pages = st.sidebar.container(), st.sidebar.container()
    model = _model_choice(is_opened, top)
    navigation.list_pages(pages)
    style.close_menu(title)
    takeaway.begin(title)
    st.title(title)
    visitors.look_at(title, model)
    asked = st.query_params.get("counts") if is_opened else None
    layer = _load_or_refuse(model)
    corpus.name_in_link(layer, asked)
    st.session_state["current_model"] = model
    if fallback.is_on_cpu(model):
        st.info("The GPU's memory was used up: this model is computed on the server's CPU.")
    if not navigation.can_show(navigation.name_of(title), layer):
        _lead_elsewhere(layer)
    return layer


def _lead_elsewhere(layer: AnyLayer) -> NoReturn:
    """Ends a page whose subject this kind of layer does not have."""
    st.info(escaped(readings.not_here(layer)))
    for name, place in navigation.PLACES.items():
        if navigation.can_show(name, layer):
            st.page_link(
                place.path,
                label=place.title,
                icon=place.icon,
                query_params=link.leading(name, {}),
            )
    st.stop()


def offer_gpt2(layer: detok.Layer) -> None:
    """The button with which a visitor goes from the bundled model to the paper's."""
    if layer.name in BUNDLED and "gpt2" in set(models.offered()) - set(models.on_this_machine()):
        st.button(
            f"See it in GPT-2 ({in_bytes(KNOWN['gpt2'].size)})",
            on_click=lambda: st.session_state.update(model="gpt2"),
        )


def offer_written(layer: detok.Layer) -> None:
    """The button that fetches what an older detok did not: what the heads write."""
    if not was_fetched(layer) or is_offline_mode():
        return
    shapes = lacking(layer.source.folder).values()
    size = sum(prod(shape.values()) for shape in shapes) * layer.first.W_E.itemsize
    if size and st.button(f"Fetch these weights ({in_bytes(size)})"):
        with mistakes(), st.spinner("Fetching …"):
            detok.fetch(layer.name, layer.source.revision)
            cached.load_layer.clear(st.session_state["current_model"])
            st.rerun()


def _model_choice(is_opened: bool, where: DeltaGenerator) -> str:
    """The visitor's model, which is in the link whichever the app opens on."""
    state, default = st.session_state, models.default()
    options, here = models.offered(), models.on_this_machine()
    # A model that could not be loaded is taken back before its widget is made again.
    if "refused" in state:
        model, reason, current = state.pop("refused")
        state["model"] = current
        st.error(
            f"**{escaped(model)} could not be loaded:** {escaped(untold(reason))}. "
            f"Still showing **{escaped(current)}**."
        )
    asked = st.query_params.get("model")
    if is_opened and asked is not None:
        if asked in options:
            state["model"] = asked
        else:
            names = ", ".join(options)
            st.warning(escaped(f"The link asks for {asked!r}; the models here are {names}."))
    # A widget's own state may end with the page.
    current = state.get("current_model", default)
    state.setdefault("model", current)
    # Gone meanwhile, not for visitors, or never there: a browser may send any name.
    if state["model"] not in options:
        state["model"] = current
        options = list(dict.fromkeys([*options, current]))
    # The number of a token is another token's in another vocabulary.
    model = where.selectbox(
        "Model", options, key="model", on_change=link.forget, args=("token", "partner", "target")
    )
    link.fix("model", model)
    st.sidebar.caption(f"On this machine: {escaped(', '.join(here))}.")
    others = [KNOWN[name] for name in options if name in KNOWN and name not in here]
    if others:
        with st.sidebar.expander("Fetched once, when chosen"):
            st.caption(readings.to_fetch(others))
    return model


def _load_or_refuse(model: str) -> detok.Layer:
    try:
        models.check(model)
        if model not in models.here() and source.is_of_the_hub(model):
            _fetch(model)
        with st.spinner(f"Loading {model} …"):
            return cached.load_layer(model)
    except detok.InputError as error:
        log.refused(error)
        _refuse(model, str(error))


def _fetch(model: str) -> None:
    """Waits for the download of a model, which is one for all visitors, and shows how far it is."""
    state, job = st.session_state, cached.download(model)
    if state.get("fetching") != model or job.state == "idle":
        job.start(lambda progress: detok.fetch(model, progress=progress))
        state["fetching"] = model
        job.wait(QUICK_S)
    if job.is_wanted:
        st.info(f"Fetching the first layer of **{escaped(model)}** from the hub, once.")
        long_runs.watch(job, "MB", MEGABYTE)
        st.stop()
    del state["fetching"]
    models.here.clear()
    if job.state != "done":
        stopped = "the download was stopped; when it is asked for again it goes on from there"
        raise detok.InputError(job.refusal if job.state == "failed" else stopped)


def _refuse(model: str, reason: str) -> NoReturn:
    """Goes back to the model that was shown before, and says why."""
    default = models.default()
    current = st.session_state.get("current_model", default if model != default else "mini")
    if current == model:
        st.error(f"**{escaped(model)} could not be loaded:** {escaped(untold(reason))}.")
        st.stop()
    st.session_state["refused"] = (model, reason, current)
    st.rerun()
