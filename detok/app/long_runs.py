"""What a visitor sees of a computation that takes a while, and how it is ended."""

import streamlit as st

from detok.app.jobs import Job


def watch(job: Job, what: str, unit: int = 1) -> None:
    """A bar for a job that is under way; whoever wants it has a button to cancel it.

    What it counts is shown in units of so many. The page runs again when the job has ended,
    whichever way, and when this visitor has cancelled it.
    """
    wanted = job.stay()

    @st.fragment(run_every=1.0)
    def bar() -> None:
        if not job.is_under_way or job.stay() != wanted:
            st.rerun()
        st.progress(_share(job), _label(job, what, unit, wanted))
        if wanted:
            st.button("Cancel", on_click=job.cancel, key="cancel")

    bar()


def _share(job: Job) -> float:
    return min(1.0, job.done / job.total) if job.total else 0.0


def _label(job: Job, what: str, unit: int, wanted: bool) -> str:
    if job.is_unwanted:
        return "Ending …"
    whose = "" if wanted else "For another visitor: "
    if job.state == "waiting":
        n = job.n_before
        return f"{whose}Waiting for {n} other computation{'s' if n > 1 else ''} …"
    left = job.seconds_left
    about = "" if left is None else f" · about {_duration(left)} left"
    return f"{whose}{_done(job, what, unit)}{about}"


def _done(job: Job, what: str, unit: int) -> str:
    of = f" of {-(-job.total // unit):,}" if job.total else ""
    return f"{job.done // unit:,}{of} {what}"


def stopped(job: Job, what: str, unit: int = 1) -> None:
    """Says that this visitor has cancelled a job, and how far it was."""
    if not job.was_cancelled:
        return
    if job.is_under_way:
        st.info("You have cancelled it; it ends as soon as nobody else wants it.")
    else:
        st.info(f"Stopped after {_done(job, what, unit)}; nothing of them is kept.")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
