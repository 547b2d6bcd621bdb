"""The server's entry: `streamlit run app.py`. The shell draws the sidebar and runs the page."""

import streamlit as st

from repsim_ui import messages, warmup

warmup.start()
app = st.App("repsim_ui/shell.py", on_script_error=messages.unexpected)
