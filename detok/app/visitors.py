"""Who looks at what now, so that nothing is computed for somebody who has gone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:
    from detok.app.jobs import Job


@dataclass(eq=False)
class Visitor:
    """One session of a browser."""

    session: str = ""  # empty for code that runs without a browser, which never leaves
    view: tuple[str, ...] = ()  # the page and the model that are shown
    job: Optional["Job"] = None  # the last that was asked for

    def is_here(self) -> bool:
        """Whether the tab is open still, and connected."""
        if not self.session or not Runtime.exists():
            return True
        return bool(Runtime.instance().is_active_session(self.session))


_NOBODY = Visitor()


def me() -> Visitor:
    """The visitor for whom this thread runs a page."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return _NOBODY
    return st.session_state.setdefault("visitor", Visitor(context.session_id))


def look_at(*view: str) -> None:
    """A page begins: what was wanted on another, or of another model, is wanted no more."""
    me().view = view
