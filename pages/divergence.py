"""Where do two spaces differ in shape?"""

import streamlit as st

from repsim_ui import divergence, divergence_clouds, divergence_networks, links, state
from repsim_ui.messages import shown_to_the_user

VIEWS = {
    "This pair": divergence.pair,
    "Clusters and rings": divergence_clouds.clouds,
    "Along training": divergence_networks.training,
    "Between domains": divergence_networks.domains,
}

st.title("Divergence")
st.caption("Where do two spaces differ in shape, and in which direction? Topology of both clouds, beside CKA.")
choices = state.choices()
links.keep_known("view", "View", VIEWS, next(iter(VIEWS)))
tabs = st.tabs(list(VIEWS), key="view", on_change="rerun", bind="query-params")
for tab, show in zip(tabs, VIEWS.values(), strict=True):
    if tab.open:
        with tab, shown_to_the_user():
            show(choices)
