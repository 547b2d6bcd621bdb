"""What the user is told: names stay text, input errors become warnings, everything else says what still works."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from repsim_core.errors import Cancelled, InputError, RepsimError
from repsim_ui.places import without_places

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
    "no_structure": "all pairs of stimuli are equally alike in a layer",
    "zero_median_distance": "most stimuli are at one place, so the kernel has no width",
    "zero_row": "a stimulus has no response in any unit, so it has no direction",
    "constant_target": "the target does not vary over the stimuli",
    "missing_class": "a class has no stimulus",
    "single_member_class": "a class has one stimulus, so shuffling within classes moves nothing",
    "one_stimulus": "all structure rests on one stimulus, so the error cannot be told",
    "duplicates": "too many points are equal",
    "disconnected": "the graph of nearest neighbours falls apart",
    "undefined": "the score is undefined",
    "undefined_when_shuffled": "the measure is undefined once the stimuli are shuffled",
    "no_common_layer": "the networks share no layer that was looked at",
    "pending": "it has not been computed yet",
}


def plain(text: object) -> str:
    """Text that Markdown shows as it is: names come from links and uploads."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$:-])", r"\\\1", str(text))


def shareable(text: object) -> str:
    """What an error or a note says, as plain text and without the places of this server."""
    return plain(without_places(text))


def reason_sentence(code: str) -> str:
    """The sentence behind a reason code."""
    return REASONS.get(code, code.replace("_", " "))


@contextmanager
def shown_to_the_user() -> Iterator[None]:
    """Show an input error as a warning and stop the page there; it stays until the input changes."""
    try:
        yield
    except InputError as error:
        st.warning(shareable(error))
        st.stop()
    except Cancelled:
        st.info("Stopped. Nothing was changed.")
        st.stop()
    except RepsimError as error:
        st.error(shareable(error))
        st.stop()


def unexpected(error: Exception) -> bool:
    """One line in place of an error that nobody foresaw, and a way on; Streamlit has written it to the log."""
    st.error(
        "Something went wrong here that should not; the log of the server has the details.  \n"
        "Your choices and other results are untouched: try again, or change a choice."
    )
    # A key of its own each time, since several parts of a page may fail; any click runs what failed once more.
    st.button("Try again", key=f"once_more_{secrets.token_hex(4)}")
    return True
