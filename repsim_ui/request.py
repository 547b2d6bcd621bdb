"""What a page asks for: one computation or several that belong together, behind a button that says what they cost."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from repsim_core import __version__
from repsim_core.types import digest
from repsim_ui import cache, estimates, progress, state
from repsim_ui.job import Job
from repsim_ui.messages import plain
from repsim_ui.recipes import Recipe


@dataclass(frozen=True)
class Part:
    """One computation: its key, how it is started (told whether to try a failed one again), estimated seconds."""

    key: str
    submit: Callable[[bool], Job]
    seconds: float


@dataclass(frozen=True)
class Found:
    """What there is of a part: all of it, the newest piece, or None."""

    job: Job | None
    value: Any

    @property
    def complete(self) -> bool:
        """Whether the value is the whole result."""
        return self.job is not None and self.job.state == "done"


def matrix(recipe: Recipe, seconds: float) -> Part:
    """A layer map."""
    return Part(recipe.key, lambda retry: cache.submit_matrix(recipe, state.visitor(), seconds, retry=retry), seconds)


def of_kind(kind: str, recipe: Mapping[str, Any], title: str, seconds: float) -> Part:
    """Any kind of :data:`repsim_ui.work.KINDS`, its recipe in JSON's types."""
    key = digest(__version__, kind, json.dumps(recipe, sort_keys=True))
    return Part(
        key,
        lambda retry: cache.jobs().submit(key, kind, dict(recipe), title, state.visitor(), seconds, retry=retry),
        seconds,
    )


def results(
    parts: Sequence[Part],
    height: int,
    *,
    said: str = "",
    button: str = "Compute",
    name: str = "compute",
    linked: bool = True,
    partial: bool = True,
) -> list[Found]:
    """Draw the request, its progress or its failure, and return what there is of each part.

    Parameters
    ----------
    height
        Of the skeleton while there is nothing to see.
    said
        What is computed and what it costs, beside the button; without it the computation starts by itself.
    button, name
        Its label and its key.
    linked
        Whether a link to this view starts it, by ``run=1`` in the address.
    partial
        Whether unfinished results are drawn, and the page again for newer ones.
    """
    whole = "+".join(part.key for part in parts)

    def ask() -> None:
        st.session_state["asked"] = whole

    jobs = [cache.jobs().find(part.key) for part in parts]
    asked = st.session_state.get("asked") == whole
    if asked:
        del st.session_state["asked"]
    begin = linked and st.session_state.get("arrived") and st.query_params.get("run") == "1"
    if not said:
        begin = not any(job is not None and job.state == "cancelled" for job in jobs)
    if asked or begin:  # a link shows what failed, and only a click tries again
        with st.skeleton(height=height):
            jobs = [job if _done(job) else part.submit(asked) for part, job in zip(parts, jobs, strict=True)]
            for part, job in zip(parts, jobs, strict=True):
                if part.seconds < estimates.CHEAP and job is not None:
                    job.finished.wait(estimates.PATIENCE)
    found = [Found(job, _value(job, partial)) for job in jobs]
    something = any(one.value is not None for one in found)
    if any(job is None or job.state == "cancelled" for job in jobs):
        if said and linked and "run" in st.query_params:
            del st.query_params["run"]
        cancelled = any(job is not None and job.state == "cancelled" for job in jobs)
        rest = ("; what it found is below." if something else ".") if cancelled else ""
        with st.container(border=True):
            st.markdown(plain(said) + (f" The last run was cancelled{rest}" if cancelled else ""))
            st.button(button, key=name, on_click=ask)
        return found
    if said and linked:
        st.query_params["run"] = "1"
    failed = next((job for job in jobs if job is not None and job.state == "failed"), None)
    active = [job for job in jobs if job is not None and job.active]
    if failed is not None:
        progress.failed(failed, ask)
    elif active:
        progress.follow(active, None if something else height, partial=partial)
    return found


def _done(job: Job | None) -> bool:
    return job is not None and job.state == "done"


def _value(job: Job | None, partial: bool) -> Any:
    if job is None:
        return None
    return job.result if job.state == "done" else job.partial() if partial else None
