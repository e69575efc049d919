"""What a visitor reads where memory was used up in the middle of a page, and how it goes on."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from detok.app import cached, fallback, output
from detok.errors import OutOfMemory
from detok.model import memory


def watch() -> None:
    """Has it said in a sentence, in place of Streamlit's own box, wherever it happens."""
    context = get_script_run_ctx()
    if context is not None:
        context.on_script_error = _said


def _said(error: Exception) -> bool:
    """Whether it was a matter of memory."""
    if not memory.is_out(error):
        return False
    model = st.session_state.get("current_model")
    if model is not None and fallback.leave_gpu(model):
        cached.load_layer.clear(model)
        found = "the GPU's memory was used up; this model is computed on the CPU from now on"
    else:
        found = "the server's memory was used up; expected a shorter text, or a smaller model"
    output.mistake(OutOfMemory(found))
    st.button("Go on", key="go_on")
    return True
