"""How every page begins: its set-up, and the model that is looked at."""

import os

import streamlit as st

import detok
from detok.app import cached
from detok.app.output import escaped
from detok.bundled import BUNDLED

# The size of what is downloaded, not of what stays in memory: only the first layer does.
HUB_MODELS = {
    "gpt2": "0.5 GB",
    "distilgpt2": "0.4 GB",
    "gpt2-medium": "1.5 GB",
    "gpt2-large": "3.2 GB",
    "gpt2-xl": "6.4 GB",
}


def begin(title: str) -> detok.Layer:
    """Sets up a page and its sidebar; gives the first layer of the model that the visitor chose."""
    st.set_page_config(page_title=f"{title} · detok", page_icon="🧩", layout="wide")
    default = os.environ.get("DETOK_MODEL", "mini")
    options = list(dict.fromkeys([default, *BUNDLED, *HUB_MODELS]))
    # A model that could not be loaded is taken back before its widget is made again.
    if "refused" in st.session_state:
        model, reason, current = st.session_state.pop("refused")
        st.session_state["model"] = current
        st.error(
            f"**{escaped(model)} could not be loaded:** {escaped(reason)}. "
            f"Still showing **{escaped(current)}**."
        )
    asked = st.query_params.get("model", default)
    if asked not in options:
        models = ", ".join(options)
        st.warning(escaped(f"The link asks for {asked!r}; the models here are {models}."))
    model = st.sidebar.selectbox("Model", options, key="model", bind="query-params")
    sizes = ", ".join(f"{name} {size}" for name, size in HUB_MODELS.items())
    st.sidebar.caption(f"mini is bundled: a small GPT-2. Downloaded once, when chosen: {sizes}.")
    layer = _load_or_refuse(model, default)
    st.session_state["current_model"] = model
    st.title(title)
    return layer


def _load_or_refuse(model: str, default: str) -> detok.Layer:
    try:
        with st.spinner(f"Loading {model} …"):
            return cached.load_layer(model)
    except detok.InputError as error:
        current = st.session_state.get("current_model", default if model != default else "mini")
        if current == model:
            st.error(f"**{escaped(model)} could not be loaded:** {escaped(str(error))}.")
            st.stop()
        st.session_state["refused"] = (model, str(error), current)
        st.rerun()
