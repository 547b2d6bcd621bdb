"""What exactly is compared, and will it run?"""

import pandas as pd
import streamlit as st

from repsim_core import figures
from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import InputError
from repsim_ui import cache, charts, library, state
from repsim_ui.messages import plain, shown_to_the_user

st.title("Models & data")
st.caption("What exactly is compared, and will it run? Both networks and the stimuli are chosen at the side.")
choices = state.choices()
search = st.text_input("Search layers", key="models_search", placeholder="name or kind, such as conv", type="search")

for column, side, name in zip(st.columns(2, gap="medium"), ("A", "B"), (choices.a, choices.b), strict=True):
    with column:
        st.subheader(f"{side}: {plain(name)}", anchor=False)
        try:
            card = cache.card(name)
            st.caption(plain(card.description))
            st.table(pd.DataFrame(library.facts(card), columns=["fact", "value"]).set_index("fact"))
            for sentence in cache.conversions(name, choices.dataset):
                st.caption(plain(sentence))
            infos = cache.layer_infos(name, choices.dataset)
        except InputError as error:  # one model that does not fit must not hide the other
            st.warning(plain(error))
            continue
        table = library.layer_table(infos, choices.n, search)
        st.dataframe(table, hide_index=True, height=360, key=f"models_layers_{side}")
        held = sum(one.bytes_for(choices.n) for one in infos)
        st.caption(
            f"{len(table)} of {len(infos)} layers in execution order; all of them at {choices.n} stimuli "
            f"take {readable_bytes(held)}."
        )

st.subheader(f"Data: {plain(choices.dataset)}", anchor=False)
with shown_to_the_user():
    data = cache.dataset(choices.dataset, choices.n, choices.seed)
card = data.card
st.markdown(plain(card.description))
sizes = ", ".join(f"{count} {split}" for split, count in card.sizes.items())
shape = " × ".join(str(one) for one in card.input_shape)
st.caption(plain(f"{card.kind}, {card.task}; stimuli of shape {shape}; {sizes}; source: {card.source}"))

left, right = st.columns([2, 3], gap="medium")
with left:
    st.markdown(f"**Balance** of the {len(data)} chosen stimuli")
    found = library.balance(data)
    if found is None:
        st.info("This dataset has no labels.")
    else:
        figure, table = found
        charts.show(
            figure,
            key="balance",
            alt="Number of chosen stimuli per class or per interval of the target.",
            title=f"Balance of {data.name}",
            table=lambda: table,
        )
with right:
    few = library.samples(data)
    st.markdown("**All chosen points**" if card.kind == "points" else f"**{len(few)} samples**")
    if card.kind == "image":
        charts.show(
            figures.stimuli_grid(few.inputs, library.captions(few)),
            key="samples",
            alt="Sample stimuli with their classes.",
            title=f"Samples of {data.name}",
            table=lambda: pd.DataFrame({"stimulus": few.stimuli, "label": library.captions(few)}),
        )
    elif card.kind == "points":
        charts.show(
            figures.points(data.inputs, data.labels, data.stimuli, data.class_names),
            key="samples",
            alt="The chosen points by their first two coordinates, by class.",
            title=f"Points of {data.name}",
            table=lambda: library.rows_table(data),
        )
    else:
        st.dataframe(library.rows_table(few), hide_index=True, key="models_samples")
