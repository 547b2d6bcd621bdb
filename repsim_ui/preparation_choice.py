"""What is done to a stimulus before a network sees it: whether it is normalised, and at which size."""

import streamlit as st

from repsim_core.models.preparation import LARGEST, SMALLEST, Preparation, preparation
from repsim_ui import cache


def choose(side: str, name: str) -> None:
    """The controls; a change becomes part of the network's name at the side. Nothing for networks of vectors."""
    base, now = preparation(name)
    shape = cache.card(base).input_shape
    st.markdown("**Before the network sees a stimulus**")
    if len(shape) != 3 or base.startswith("upload/"):
        return
    normalises, own = bool(cache.normalisation(base)), shape[-1]
    keys = f"normalise_{side}", f"side_{side}"
    st.session_state[keys[0]], st.session_state[keys[1]] = now.normalised, now.side or own

    def changed() -> None:
        pixels = int(st.session_state[keys[1]])
        wanted = Preparation(bool(st.session_state.get(keys[0], True)), None if pixels == own else pixels)
        st.session_state[side] = base + str(wanted)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Pixels a side",
            SMALLEST,
            LARGEST,
            step=8,
            key=keys[1],
            on_change=changed,
            width=150,
            help=f"Its own size is {own} × {own}. Some networks take no other.",
        )
        if normalises:
            st.checkbox(
                "Normalise", key=keys[0], on_change=changed, help="With the mean and deviation of its training."
            )
