"""The server's entry: `streamlit run app.py`. The shell draws the sidebar and runs the page."""

import streamlit as st

app = st.App("repsim_ui/shell.py")
