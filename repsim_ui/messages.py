"""What the user is told: names stay text, input errors become warnings, everything else says what still works."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from repsim_core.errors import Cancelled, InputError, RepsimError

REASONS = {
    "zero_variance": "a layer does not vary over the stimuli",
    "too_few_stimuli": "too few stimuli for this measure",
    "non_finite": "a layer gave an infinite or undefined number",
    "too_few_for_directions": "there are fewer than five stimuli for every direction kept",
    "too_few_directions": "a layer has too few directions for this measure",
    "identity_kernel": "every stimulus is alike to itself alone at this bandwidth",
    "constant_row": "a stimulus has the same response in all units, so it has no correlation",
    "zero_vector": "a stimulus has no response in any unit, so it has no direction",
    "zero_scale": "most stimuli are at one place, so distances have no scale",
    "duplicate_stimuli": "stimuli are equal in a layer",
}


def plain(text: object) -> str:
    """Text that Markdown shows as it is: names come from links and uploads."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$:-])", r"\\\1", str(text))


def reason_sentence(code: str) -> str:
    """The sentence behind a reason code."""
    return REASONS.get(code, code.replace("_", " "))


@contextmanager
def shown_to_the_user() -> Iterator[None]:
    """Show an input error as a warning and stop the page there; it stays until the input changes."""
    try:
        yield
    except InputError as error:
        st.warning(plain(error))
        st.stop()
    except Cancelled:
        st.info("Stopped. Nothing was changed.")
        st.stop()
    except RepsimError as error:
        st.error(plain(error))
        st.stop()
