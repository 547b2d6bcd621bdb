"""A job on the page: its progress, the way to stop it, and what is left when it failed."""

from collections.abc import Callable

import streamlit as st

from repsim_ui import cache, state
from repsim_ui.jobs import Job
from repsim_ui.messages import plain
from repsim_ui.sentences import duration


def follow(job: Job, height: int) -> None:
    """Draw the progress until the job ends, then run the page once more; the timer stops itself."""
    active = job.active

    @st.fragment(run_every=0.5 if active else None)
    def progress() -> None:
        if job.active:
            st.progress(job.fraction, text=_words(job))
            if st.button("Cancel", key="cancel"):
                cache.jobs().cancel(job.key, state.visitor())
                st.rerun()
            st.skeleton(height=height)
        elif active:
            st.rerun()

    progress()


def failed(job: Job, again: Callable[[], None]) -> None:
    """What happened, what still works, and the way to try once more."""
    if job.callers_fault:
        st.warning(plain(job.error))
    else:
        st.error(f"The computation failed: {plain(job.error)}  \nYour choices and other results are untouched.")
        with st.expander("Details to copy"):
            st.code(f"{job.kind}: {job.error}\n{job.title}", language=None, wrap_lines=True)
    st.button("Try again", key="again", on_click=again)


def _words(job: Job) -> str:
    if job.state == "queued":
        return "Waiting for another computation to finish"
    if not job.total:
        return "Loading the networks"
    left = job.seconds_left()
    rest = f", {duration(left)} left in this step" if left is not None else ""
    return f"{job.done} of {job.total} {plain(job.stage)}{rest}"
