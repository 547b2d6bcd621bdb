"""A job on the page: its progress, the way to stop it, and what is left when it failed."""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from repsim_ui import cache, state
from repsim_ui.job import Job
from repsim_ui.messages import plain, shareable
from repsim_ui.places import without_places
from repsim_ui.sentences import duration

REFRESH = 2.0  # seconds between two drawings of a map that fills


def follow(jobs: Sequence[Job], height: int | None, *, partial: bool = False) -> None:
    """Draw the progress of jobs that belong together until each has ended, then run the page once more.

    With ``partial`` the page runs also when there is a newer partial result, every two seconds at most; without a
    ``height`` there is something to see already, and no skeleton is drawn. The timer stops itself.
    """
    for job in jobs:
        cache.jobs().watch(job, state.visitor())
    active, versions, drawn = [job.active for job in jobs], [job.version for job in jobs], time.monotonic()

    @st.fragment(run_every=0.5 if any(active) else None)
    def shown() -> None:
        if any(job.active for job in jobs):
            first = next(job for job in jobs if job.active)
            st.progress(first.fraction, text=_words(first))
            # By callback: a run of the whole page in between would lose the click otherwise.
            st.button("Cancel", key="cancel", on_click=_cancel, args=([job.key for job in jobs],))
            newer = partial and [job.version for job in jobs] != versions and time.monotonic() - drawn > REFRESH
            if newer or [job.active for job in jobs] != active:
                st.rerun()
            if height is not None:
                st.skeleton(height=height)
        elif any(active):
            st.rerun()

    shown()


def _cancel(keys: Sequence[str]) -> None:
    for key in keys:
        cache.jobs().cancel(key, state.visitor())


def failed(job: Job, again: Callable[[], None]) -> None:
    """What happened, what still works, and the way to try once more or to put it away."""
    if job.callers_fault:
        st.warning(shareable(job.error))
    else:
        line, *_ = job.error.splitlines() or [job.error_kind]
        st.error(f"The computation failed: {shareable(line)}  \nYour choices and other results are untouched.")
        with st.expander("Details to copy"):
            details = f"{job.error_kind}: {job.error}\n{job.title}\n{job.details}"
            st.code(without_places(details), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.button("Try again", key="again", on_click=again)
        st.button("Dismiss", key="dismiss", on_click=_dismiss, args=(job.key,), type="tertiary")


def _dismiss(key: str) -> None:
    cache.jobs().dismiss(key)
    if "run" in st.query_params:
        del st.query_params["run"]


def _words(job: Job) -> str:
    if job.state == "queued":
        place, wait = cache.jobs().place(job), cache.jobs().seconds_until_start(job)
        ahead = "Next in the queue" if place <= 1 else f"Number {place} in the queue"
        return ahead + (f", {duration(wait)} to wait" if wait is not None else "")
    if not job.total:
        return plain(job.stage).capitalize() or "Loading the networks"
    left = job.seconds_left()
    rest = f", {duration(left)} left in this step" if left is not None else ""
    return f"{job.done} of {job.total} {plain(job.stage)}{rest}"
