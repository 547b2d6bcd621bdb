"""The frame around every page: title, navigation, shared choices. Started by app.py, never by itself."""

from pathlib import Path

import streamlit as st

from repsim_ui import state
from repsim_ui.messages import shown_to_the_user
from repsim_ui.questions import QUESTIONS

HERE = Path(__file__).parent

st.set_page_config(page_title="RepSim", page_icon=str(HERE / "static" / "icon.png"), layout="wide")
if st.context.theme.type == "dark":
    # Chips of a multiselect are white on the primary colour, which is light in the dark theme: 2.3 : 1.
    st.html("<style>.stMultiSelect span[title], .stMultiSelect span[title] ~ * { color: #10161d !important; }</style>")
page = st.navigation([st.Page(one.path, title=one.title, default=one is QUESTIONS[0]) for one in QUESTIONS])
st.session_state["arrived"] = st.session_state.get("page") != page.url_path
with shown_to_the_user():
    state.sidebar()
    state.copy_link(page.url_path)
st.session_state["page"] = page.url_path  # after the sidebar, which may start the run again
page.run()
