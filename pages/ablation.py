"""Does a class depend on its selective units or on its strong ones?"""

import streamlit as st

from repsim_ui import ablation, ablation_controls, ablation_lesion, ablation_study, links, state
from repsim_ui.messages import shown_to_the_user

VIEWS = {
    "One layer": ablation.one_layer,
    "All layers": ablation_study.layers,
    "By hand": ablation_lesion.by_hand,
    "The paper's question": ablation_study.relations,
}

st.title("Ablation")
st.caption(
    "Does a class depend on its selective units or on its strong ones, and does similarity see it? Units of model A "
    "switched off cell by cell, after Hayne, Jung and Carter (2024)."
)
with shown_to_the_user():
    asked = ablation_controls.asked(state.choices())
    links.keep_known("abview", "View", VIEWS, next(iter(VIEWS)))
    tabs = st.tabs(list(VIEWS), key="abview", on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, VIEWS.values(), strict=True):
        if tab.open:
            with tab, shown_to_the_user():
                show(asked)
