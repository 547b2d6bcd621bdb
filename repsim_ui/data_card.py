"""The stimuli: what they are, how many of each class, some of them, and what else could be had."""

from functools import partial

import pandas as pd
import streamlit as st

from repsim_core import datasets, figures
from repsim_core.datasets.published import KNOWN, PREFIX
from repsim_core.errors import InputError
from repsim_core.figures.stimuli import stimuli_pairs
from repsim_core.types import Dataset, DatasetCard
from repsim_ui import cache, charts, data_choice, downloads, library, state
from repsim_ui.messages import plain, shareable, shown_to_the_user
from repsim_ui.uploads_choice import titled


def draw(choices: state.Choices) -> None:
    """The dataset at the side."""
    st.subheader(f"Data: {plain(titled(choices.dataset))}", anchor=False)
    with shown_to_the_user():
        card = datasets.card(choices.dataset)
    _facts(card)
    data_choice.draw(card)
    with shown_to_the_user():
        data = cache.dataset(choices.dataset, choices.n, choices.seed)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _balance(data)
    with right:
        _samples(data)
    if card.shift:
        _clean_and_shifted(data, choices)


def more() -> None:
    """Datasets that are not here yet, each with its size and the button that fetches it."""
    absent = [one for one in datasets.available(downloadable=True) if one.absent]
    with st.expander("More datasets", key="more_data", on_change="rerun") as opened:
        if not opened.open:
            return
        if not absent:
            st.markdown("Everything that can be downloaded is here: choose it at the side.")
        for one in absent:
            with st.container(horizontal=True, vertical_alignment="center"):
                sizes = ", ".join(f"{count:,} {split}".replace(",", " ") for split, count in one.sizes.items())
                st.markdown(
                    f"**{plain(one.name)}** {plain(one.description)}; {sizes}; {plain(one.absent)}.", width="stretch"
                )
                size = KNOWN[one.name.removeprefix(PREFIX)].size
                downloads.button(f"download_{one.name}", one.name, size, partial(datasets.download, one.name))
        st.caption(
            "They are kept in the data directory of this server (setting REPSIM_DATA), where folders of pictures, one "
            "folder a class, appear as datasets too."
        )


def _facts(card: DatasetCard) -> None:
    st.markdown(plain(card.description))
    sizes = ", ".join(f"{count} {split}" for split, count in card.sizes.items())
    shape = " × ".join(str(one) for one in card.input_shape)
    st.caption(plain(f"{card.kind}, {card.task}; stimuli of shape {shape}; {sizes}; source: {card.source}"))
    for note in card.notes:
        st.caption(plain(note))


def _balance(data: Dataset) -> None:
    st.markdown(f"**Balance** of the {len(data)} chosen stimuli")
    found = library.balance(data)
    if found is None:
        st.info("This dataset has no labels.")
        return
    figure, table = found
    charts.show(
        figure,
        key="balance",
        alt="Number of chosen stimuli per class or per interval of the target.",
        title=f"Balance of {data.name}",
        table=lambda: table,
    )


def _samples(data: Dataset) -> None:
    few = library.samples(data)
    kind = data.card.kind
    st.markdown("**All chosen points**" if kind == "points" else f"**{len(few)} samples**")
    if kind == "image":
        charts.show(
            figures.stimuli_grid(few.inputs, library.captions(few)),
            key="samples",
            alt="Sample stimuli with their classes.",
            title=f"Samples of {data.name}",
            table=lambda: pd.DataFrame({"stimulus": few.stimuli, "label": library.captions(few)}),
        )
    elif kind == "points":
        charts.show(
            figures.points(data.inputs, data.labels, data.stimuli, data.class_names),
            key="samples",
            alt="The chosen points by their first two coordinates, by class.",
            title=f"Points of {data.name}",
            table=lambda: library.rows_table(data),
        )
    else:
        st.dataframe(library.rows_table(few), hide_index=True, key="models_samples")


def _clean_and_shifted(shifted: Dataset, choices: state.Choices) -> None:
    """The same stimuli before and after the shift."""
    try:
        clean = cache.dataset(datasets.spelled(choices.dataset, shifted.card.chosen), choices.n, choices.seed)
    except InputError as error:
        st.warning(shareable(error))
        return
    st.markdown(f"**Clean, and shifted by {plain(shifted.card.shift)}**: the same stimuli in pairs")
    first, second = library.pairs(clean, shifted)
    if shifted.card.kind == "image":
        charts.show(
            stimuli_pairs(first.inputs, second.inputs, library.captions(first)),
            key="shifted",
            alt="Sample stimuli, the clean one above the shifted one.",
            title=f"Clean and shifted stimuli of {shifted.name}",
            table=lambda: library.change_table(first, second),
        )
    else:
        st.dataframe(library.change_table(first, second), hide_index=True, key="models_shifted")
