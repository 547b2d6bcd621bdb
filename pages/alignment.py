"""Do the strong directions of a layer carry the labels?"""

import streamlit as st

from repsim_ui import alignment, alignment_families, alignment_transfer, alignment_vectors, links, state
from repsim_ui.messages import shown_to_the_user

VIEWS = {
    "Layers": alignment.layers,
    "Training": alignment.training,
    "Families": alignment_families.page,
    "Vectors": alignment_vectors.page,
    "Transfer": alignment_transfer.page,
}

st.title("Alignment")
st.caption(
    "Do the strong directions of a layer carry the labels? Label energy on its singular vectors, after Imani, Hu and "
    "White (2022)."
)
choices = state.choices()
links.keep_known("aview", "View", VIEWS, next(iter(VIEWS)))
tabs = st.tabs(list(VIEWS), key="aview", on_change="rerun", bind="query-params")
for tab, show in zip(tabs, VIEWS.values(), strict=True):
    if tab.open:
        with tab, shown_to_the_user():
            show(choices)
