"""A download with its progress. Leaving the page, or any click, ends it, and nothing half is left on the disk."""

import time
from collections.abc import Callable

import streamlit as st

from repsim_core.compute.memory import readable_bytes
from repsim_core.compute.progress import Progress
from repsim_core.errors import RepsimError
from repsim_ui.messages import plain, shareable

EVERY = 0.2  # seconds between two drawings


def button(key: str, what: str, size: int, fetch: Callable[[Progress], object]) -> None:
    """A button that fetches ``what``; then the page is drawn anew, or says in one line why it cannot be had."""
    if st.button(f"Download {readable_bytes(size)}", key=key, icon=":material/download:"):
        _run(what, size, fetch)


def _run(what: str, size: int, fetch: Callable[[Progress], object]) -> None:
    bar = st.progress(0.0, text=plain(f"Downloading {what}: connecting"))
    cancel = st.empty()
    cancel.button("Cancel the download", key="cancel_download")  # any click ends this run, and the download with it
    drawn = 0.0

    def draw(done: int, total: int) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > EVERY:
            drawn, whole = time.monotonic(), total or size
            bar.progress(
                min(1.0, done / max(whole, 1)),
                text=plain(f"Downloading {what}: {readable_bytes(done)} of {readable_bytes(whole)}"),
            )

    try:
        fetch(draw)
    except RepsimError as error:
        bar.empty()
        cancel.empty()
        st.warning(shareable(error))
    else:
        st.rerun()
