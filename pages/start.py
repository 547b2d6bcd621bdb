"""What can be found out here, within a minute?"""

import json

import streamlit as st

from repsim_core import datasets, models
from repsim_core.similarity import MEASURES
from repsim_ui import cache, gallery, sentences
from repsim_ui.labs.card import gallery as lab_gallery
from repsim_ui.links import open_map
from repsim_ui.messages import plain
from repsim_ui.questions import QUESTIONS

VOCABULARY = {
    "Stimulus": "one input shown to both networks: a picture, a row of a table, a point.",
    "Unit": "one number a layer gives; a layer with 8 × 4 × 4 outputs has 128 units.",
    "Representation": "the responses of one layer to all stimuli: one row per stimulus, one column per unit.",
    "Pooling": "what is done to maps and token sequences before they become a row of units.",
    "Measure": "a number for how alike two representations are, together with what it overlooks.",
    "Chance level": "what the measure gives for unrelated representations with the same stimuli shuffled.",
    "Layer map": "the measure for every layer of A against every layer of B.",
}

st.title("RepSim")
st.markdown(
    "How do two neural networks represent the same data, layer by layer? "
    "Open a pair below, or choose two models and a dataset at the side and go to the layer map."
)
library, data = models.available(), datasets.available()
st.caption(f"{len(library)} networks, {len(data)} datasets, {len(MEASURES)} measures; nothing leaves this machine.")

cards = gallery.shown(one.name for one in library)
st.subheader("Pairs to begin with", anchor=False)
if not cards:
    st.info("The library of trained networks is empty. Choose a torchvision architecture at the side instead.")
for start in range(0, len(cards), 3):
    for column, card in zip(st.columns(3), cards[start : start + 3], strict=False):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{card.title}**")
            st.markdown(card.question)
            recipe = gallery.recipe(card)
            done = cache.jobs().find(recipe.key)
            if done is not None and done.state == "done":
                st.caption("Found here: " + sentences.finding(done.result))
            else:
                st.caption(card.look)
            open_map("Open the map", recipe.query(), key=f"open_{card.title}", icon=":material/grid_on:")

st.subheader("Labs: findings of the papers, run again", anchor=False)
st.caption("Guess first, then look, then read why. Each picture is a result of what ships.")
lab_gallery(short=True)

st.subheader("Every question", anchor=False)
for start in range(2, len(QUESTIONS), 3):
    for column, one in zip(st.columns(3), QUESTIONS[start : start + 3], strict=False):
        with column, st.container(border=True, height="stretch"):
            st.page_link(one.path, label=f"**{one.title}**")
            st.markdown(one.asked)

recent = cache.jobs().recent(kind="layer_map")
if recent:
    st.subheader("Recent results on this server", anchor=False)
    with st.container(gap=None):
        for job in recent:
            query = json.loads(job.title)
            name = " × ".join(query[one].split("/", 1)[-1] for one in ("a", "b"))
            label = f"{name} on {query['ds']}, {query['m']}, n = {query['n']}, seed {query['seed']}"
            open_map(plain(label), query, key=f"recent_{job.key}")

st.subheader("The words used here", anchor=False)
st.markdown("\n".join(f"- **{word}**: {meaning}" for word, meaning in VOCABULARY.items()))
