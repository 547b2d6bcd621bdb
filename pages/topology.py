"""Which clusters and holes does a layer have, and which layers share them?"""

import streamlit as st

from repsim_ui import links, state, topology, topology_controls, topology_curves, topology_distances, topology_training
from repsim_ui.messages import shown_to_the_user

VIEWS = {
    "Layers": topology.layers,
    "Distances": topology_distances.distances,
    "Curves": topology_curves.curves,
    "Along training": topology_training.training,
}

st.title("Topology")
st.caption("Which clusters and holes does a layer have, and which layers share them?")
with shown_to_the_user():
    asked = topology_controls.asked(state.choices())
    links.keep_known("tview", "View", VIEWS, next(iter(VIEWS)))
    tabs = st.tabs(list(VIEWS), key="tview", on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tab:
                show(asked)
