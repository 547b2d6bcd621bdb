"""Where the reader is: ``?lab=small-n&step=2&teach=1``. The address is the truth, so links and the back button work."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from repsim_ui.labs.catalogue import MODULES, lab
from repsim_ui.labs.lab import Lab
from repsim_ui.messages import plain

KEYS = ("lab", "step", "teach")


@dataclass(frozen=True)
class Place:
    """A lab, a step from 1 to one more than it has steps, and whether answers wait for the instructor."""

    lab: Lab
    step: int
    teach: bool

    @property
    def last(self) -> int:
        """Number of the step with the verdicts."""
        return len(self.lab.steps) + 1


def place() -> Place | None:
    """From the address; ``None`` is the page of cards. What does not exist is replaced aloud."""
    query = st.query_params
    teach = query.get("teach") == "1"
    chosen = query.get("lab", "")
    if chosen and chosen not in MODULES:
        st.toast(f"Lab {plain(repr(chosen))} is not available here; showing all of them.")
        del query["lab"]
        chosen = ""
    if not chosen:
        if "step" in query:
            del query["step"]
        _mirror({"lab": None, "step": None, "teach": "1" if teach else None})
        return None
    one = lab(chosen)
    text, step = query.get("step", "1"), 1
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= len(one.steps) + 1:
        step = int(text)
    else:
        st.toast(f"{plain(one.title)} has no step {plain(repr(text))}; showing the first.")
        query["step"] = "1"
    _mirror({"lab": chosen, "step": str(step), "teach": "1" if teach else None})
    return Place(one, step, teach)


def go(**changes: str | None) -> None:
    """In a callback: change the address; ``None`` takes a parameter out. One entry of the browser's history."""
    query = st.query_params.to_dict() | changes
    st.query_params.from_dict({key: value for key, value in query.items() if value is not None})


def going(**changes: str | None) -> Callable[[], None]:
    """The same as something to call later."""
    return lambda: go(**changes)


def _mirror(values: dict[str, str | None]) -> None:
    """For *Copy link*, which is drawn before the page."""
    st.session_state.update(values)
