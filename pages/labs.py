"""What did the papers find, and can it be seen again here?"""

import streamlit as st

from repsim_ui import labs_page
from repsim_ui.messages import shown_to_the_user

st.title("Labs")
st.caption("What did the papers find, and can it be seen again here? Predict, run, explain.")
with shown_to_the_user():
    labs_page.page()
