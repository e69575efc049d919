"""What a visitor sees of a computation that takes a while, and how it is ended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from detok.app.jobs import Job


@contextmanager
def cancellable(label: str, key: object) -> Iterator[Callable[[int, int | None], None]]:
    """A bar for a callback of (done, total), with a button that ends the run.

    Whatever a visitor does meanwhile ends the run too: Streamlit starts the page anew from within
    the callback, and nothing after it happens. `interrupted` then says so, for the same key.
    """
    place = st.empty()
    # Set before there is anything to click: setting it later may be what is interrupted.
    st.session_state["interrupted"] = key, "Stopped before the first text was done."
    with place.container():
        bar = st.progress(0.0, label)
        st.button("Cancel")

    def report(done: int, total: int | None) -> None:
        of = f"{done:,} of {total:,}" if total else f"{done:,}"
        sentence = f"Stopped after {of} texts; nothing of them was kept."
        st.session_state["interrupted"] = key, sentence
        bar.progress(done / total if total else 0.0, f"{label} {of}")

    try:
        yield report
    except Exception:
        _end(place)
        raise
    _end(place)


def _end(place: DeltaGenerator) -> None:
    st.session_state.pop("interrupted", None)
    place.empty()


def interrupted(key: object) -> None:
    """Says that a long run was ended before it was done, until another one begins."""
    of, sentence = st.session_state.get("interrupted", (None, ""))
    if sentence and of == key:
        st.info(sentence)


def watch(job: Job, what: str, unit: int = 1) -> None:
    """A bar for a job that is under way, with a button that cancels it, for every visitor.

    What it counts is shown in units of so many. The page runs again when the job has ended,
    whichever way.
    """

    @st.fragment(run_every=1.0)
    def bar() -> None:
        if not job.is_under_way:
            st.rerun()
        waiting = job.state == "waiting"
        left = job.seconds_left
        about = "" if left is None else f" · about {_duration(left)} left"
        label = f"{job.done // unit:,} of {-(-job.total // unit):,} {what}{about}"
        st.progress(
            min(1.0, job.done / job.total),
            "Waiting for another computation …" if waiting else label,
        )
        st.button("Cancel", on_click=job.cancel, key="cancel")

    bar()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
