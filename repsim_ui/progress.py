"""A job on the page: its progress, the way to stop it, and what is left when it failed."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from repsim_core import __version__
from repsim_core.types import digest
from repsim_ui import cache, estimates, state
from repsim_ui.job import Job
from repsim_ui.messages import plain
from repsim_ui.sentences import duration

REFRESH = 2.0  # seconds between two drawings of a map that fills


def follow(job: Job, height: int | None, *, partial: bool = False) -> None:
    """Draw the progress until the job ends, then run the page once more; the timer stops itself.

    With ``partial`` the page runs also when there is a newer partial result, every two seconds at most; without a
    ``height`` there is something to see already, and no skeleton is drawn.
    """
    cache.jobs().watch(job, state.visitor())
    active, version, drawn = job.active, job.version, time.monotonic()

    @st.fragment(run_every=0.5 if active else None)
    def progress() -> None:
        if job.active:
            st.progress(job.fraction, text=_words(job))
            # By callback: a run of the whole page in between would lose the click otherwise.
            st.button("Cancel", key="cancel", on_click=cache.jobs().cancel, args=(job.key, state.visitor()))
            if partial and job.version != version and time.monotonic() - drawn > REFRESH:
                st.rerun()
            if height is not None:
                st.skeleton(height=height)
        elif active:
            st.rerun()

    progress()


def failed(job: Job, again: Callable[[], None]) -> None:
    """What happened, what still works, and the way to try once more or to put it away."""
    if job.callers_fault:
        st.warning(plain(job.error))
    else:
        st.error(f"The computation failed: {plain(job.error)}  \nYour choices and other results are untouched.")
        with st.expander("Details to copy"):
            st.code(f"{job.error_kind}: {job.error}\n{job.title}\n{job.details}", language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.button("Try again", key="again", on_click=again)
        st.button("Dismiss", key="dismiss", on_click=_dismiss, args=(job.key,), type="tertiary")


def result(kind: str, recipe: Mapping[str, Any], title: str, seconds: float, height: int) -> Any | None:
    """What is there of a result that nobody needs to ask for: all of it, the newest part, or None and a way to it.

    ``kind`` is a key of :data:`repsim_ui.work.KINDS`, ``recipe`` in JSON's types, ``seconds`` the estimate and
    ``height`` that of the skeleton while there is nothing.
    """
    key = digest(__version__, kind, json.dumps(recipe, sort_keys=True))

    def ask() -> None:
        st.session_state["asked"] = key

    job = cache.jobs().find(key)
    asked = st.session_state.pop("asked", None) == key
    if job is None or asked:
        job = cache.jobs().submit(key, kind, dict(recipe), title, state.visitor(), seconds, retry=asked)
        with st.skeleton(height=height):
            job.finished.wait(min(seconds, estimates.CHEAP))
    if job.state == "done":
        return job.result
    part = job.partial()
    if job.state == "failed":
        failed(job, ask)
    elif job.state == "cancelled":
        st.info("This run was cancelled" + ("; what it found is below." if part is not None else "."))
        st.button("Compute", key="compute", on_click=ask)
    else:
        follow(job, None if part is not None else height, partial=True)
    return part


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
