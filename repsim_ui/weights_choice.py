"""Which published weights a torchvision network has, and how they come to this machine."""

import streamlit as st

from repsim_core import models
from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import InputError
from repsim_core.models import PublishedWeights
from repsim_core.models.preparation import preparation
from repsim_ui import downloads
from repsim_ui.messages import plain

PREFIX, MARK, RANDOM = "torchvision/", "@", "random"


def choose(side: str, name: str) -> bool:
    """The box of weights; False where those that are chosen first have to be downloaded."""
    base, _, chosen = preparation(name)[0].partition(MARK)
    sets = _published(base)
    if not sets:
        return True
    key = f"weights_{side}"
    st.session_state[key] = chosen if chosen in sets else RANDOM

    def changed() -> None:
        picked = st.session_state[key]
        st.session_state[side] = base if picked == RANDOM else f"{base}{MARK}{picked}"

    st.selectbox(
        "Weights",
        [RANDOM, *sets],
        key=key,
        format_func=lambda one: "random, from a seed" if one == RANDOM else _said(sets[one]),
        on_change=changed,
        help="Published weights come with the size and the normalisation they were trained with.",
    )
    if chosen not in sets or sets[chosen].on_disk:
        return True
    wanted = sets[chosen]
    licence = wanted.licence or "no licence stated"
    st.info(
        plain(
            f"{wanted.file} is not on this machine. Download it ({readable_bytes(wanted.bytes)}, {licence}), choose "
            "random weights, or upload a file of weights below."
        )
    )
    downloads.button(
        f"download_{side}",
        wanted.file,
        wanted.bytes,
        lambda progress: models.load(base, weights=wanted.name, progress=progress),
    )
    return False


def _published(name: str) -> dict[str, PublishedWeights]:
    if not name.startswith(PREFIX):
        return {}
    try:
        return {one.name: one for one in models.published(name)}
    except InputError:
        return {}  # the card says that there is no such network


def _said(one: PublishedWeights) -> str:
    where = "on this machine" if one.on_disk else f"{readable_bytes(one.bytes)} to download"
    return f"{one.name}: {one.accuracy:.1%} on ImageNet, {one.side} × {one.side}, {where}"
