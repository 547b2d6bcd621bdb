"""What exactly is compared, and will it run?"""

import streamlit as st

from repsim_ui import data_card, model_cards, state, uploads_panel

st.title("Models & data")
st.caption("What exactly is compared, and will it run? Both networks and the stimuli are chosen at the side.")
choices = state.choices()
model_cards.draw(choices)
data_card.draw(choices)
data_card.more()
uploads_panel.draw()
