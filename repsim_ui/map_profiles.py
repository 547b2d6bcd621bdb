"""Numbers of single layers beside the map: they need no second network and no pairing."""

import streamlit as st

from repsim_core import figures
from repsim_core.experiments import PROFILES
from repsim_ui import charts, request, state
from repsim_ui.map_request import Asked, asked
from repsim_ui.messages import plain

HEIGHT = 360


def page(choices: state.Choices) -> None:
    """Profiles of both networks at the side."""
    profiles(asked(choices))


def profiles(request_of: Asked) -> None:
    """A curve over depth for each number and network."""
    recipe = {"map": request_of.recipe.to_json()}
    title = f"profiles of {request_of.recipe.a} and {request_of.recipe.b}"
    (found,) = request.results([request.of_kind("profiles", recipe, title, request_of.seconds())], HEIGHT)
    if found.value is None:
        return
    table = found.value.to_frame()
    name = str(
        st.selectbox("Number", list(PROFILES), key="profile", format_func=lambda one: one.replace("_", " "), width=280)
    )
    st.caption(plain(f"{PROFILES[name]}."))
    charts.show(
        figures.depth_curves(table, name),
        key="profiles",
        alt="A number of each layer against its relative depth, for both networks.",
        title=name.replace("_", " "),
        table=lambda: table,
    )
    missing = table[table["reason"] != ""]
    for network, layer, reason in zip(missing["network"], missing["layer"], missing["reason"], strict=True):
        st.caption(plain(f"{network}, {layer}: {reason}"))
