"""Which layers match, and why?"""

import streamlit as st

from repsim_ui import layer_map, links, map_many, map_profiles, map_views, state
from repsim_ui.messages import shown_to_the_user

VIEWS = {
    "Map": layer_map.pair,
    "Two measures": map_views.two_measures,
    "Within each": map_views.within_each,
    "Profiles": map_profiles.page,
    "Twins": map_many.twins,
    "Many networks": map_many.many,
}

st.title("Layer map")
st.caption("Which layers of two networks represent the same stimuli alike? Every layer of A against every layer of B.")
choices = state.choices()
links.keep_known("mview", "View", VIEWS, "Map")
view = st.tabs(list(VIEWS), key="mview", on_change="rerun", bind="query-params")
for tab, show in zip(view, VIEWS.values(), strict=True):
    if tab.open:
        with tab, shown_to_the_user():
            show(choices)
