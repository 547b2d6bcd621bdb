"""One layer map: the request, its progress, and the matrix that answers clicks."""

import streamlit as st

from repsim_ui import explore, map_profiles, map_request, request, state
from repsim_ui.messages import plain

MAP_HEIGHT = 420


def pair(choices: state.Choices) -> None:
    """Everything on the pair at the side."""
    asked = map_request.asked(choices)
    if why := map_request.unpaired(asked.recipe):
        st.warning(plain(why))
        map_profiles.profiles(asked)
        return
    (found,) = request.results([request.matrix(asked.recipe, asked.seconds())], MAP_HEIGHT, said=asked.said)
    if found.value is None:
        return
    explore.layer_map(asked, found)
    map_request.conversions(asked.recipe)
