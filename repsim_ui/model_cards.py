"""Both networks: what is known of each, what is done to the stimuli, and its layers to choose from."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from repsim_core.errors import InputError
from repsim_core.types import LayerInfo
from repsim_ui import (
    cache,
    controls,
    estimates,
    layer_filter,
    layer_picker,
    library,
    preparation_choice,
    sentences,
    state,
    weights_choice,
)
from repsim_ui.layer_filter import Filter
from repsim_ui.links import keep_known, start_with
from repsim_ui.messages import plain, shareable
from repsim_ui.uploads_choice import titled

SIDES = (("A", "a", "ra"), ("B", "b", "rb"))
_CHOICE_HELP = "What the other pages compare: one layer a block, every layer, or those ticked here."


def draw(choices: state.Choices) -> None:
    """Two cards side by side, one filter for both trees."""
    infos: dict[str, list[LayerInfo]] = {}
    for column, (side, key, _) in zip(st.columns(2, gap="medium"), SIDES, strict=True):
        with column:
            found = _card(side, key, _name(choices, key), choices.dataset)
            if found is not None:
                infos[key] = found
    st.subheader("Layers", anchor=False)
    keep_known("layers", "Choice of layers", controls.LAYER_CHOICES, "blocks")
    start_with("layers", "blocks")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layers = st.segmented_control(
            "Layers to compare",
            controls.LAYER_CHOICES,
            key="layers",
            bind="query-params",
            required=True,
            help=_CHOICE_HELP,
        )
    every = list({one.name: one for those in infos.values() for one in those}.values())
    seen = layer_filter.choose("models", every, "models_search")
    chosen: dict[str, Sequence[str]] = {}
    for column, (side, key, list_key) in zip(st.columns(2, gap="medium"), SIDES, strict=True):
        if key in infos:
            with column:
                name = _name(choices, key)
                st.markdown(f"**{side}**: {plain(titled(name))}")
                chosen[key] = _layers(side, list_key, name, infos[key], choices.n, seen, str(layers or "blocks"))
    if len(chosen) == len(SIDES):
        st.caption(_cost(choices.n, infos, chosen))


def _name(choices: state.Choices, key: str) -> str:
    return choices.a if key == "a" else choices.b


def _card(side: str, key: str, name: str, dataset: str) -> list[LayerInfo] | None:
    """Facts of one network; its layers, or None if it does not take these stimuli."""
    st.subheader(f"{side}: {plain(titled(name))}", anchor=False)
    if not weights_choice.choose(key, name):
        return None
    above = st.container()
    try:
        preparation_choice.choose(key, name)
        card = cache.card(name)
        steps = cache.conversions(name, dataset)
        infos = cache.layer_infos(name, dataset)
    except InputError as error:  # one model that does not fit must not hide the other
        st.warning(shareable(error))
        return None
    with above:
        st.caption(plain(card.description))
        st.table(pd.DataFrame(library.facts(card), columns=["fact", "value"]).set_index("fact"))
    st.markdown("\n".join(f"- {plain(one)}" for one in steps or ("Nothing is done to it.",)))
    return list(infos)


def _layers(side: str, key: str, name: str, infos: list[LayerInfo], n: int, seen: Filter, layers: str) -> Sequence[str]:
    """The tree of one network, and which of its layers are compared."""
    architecture = cache.card(name).architecture
    ticked = layer_picker.listed(key, f"Layers of {side}", infos, n, architecture, seen, choosing=layers == "chosen")
    shown = len(seen.shown(infos))
    chosen = ticked if layers == "chosen" else layer_picker.by_rule(infos, layers)
    st.caption(f"{shown} of {len(infos)} layers shown, in execution order. " + layer_picker.cost(infos, chosen, n))
    return chosen


def _cost(n: int, infos: dict[str, list[LayerInfo]], chosen: dict[str, Sequence[str]]) -> str:
    """What a layer map of the choice takes."""
    if not all(chosen.values()):
        return "Choose at least one layer of each network."
    first, second = ([one for one in infos[key] if one.name in chosen[key]] for key in ("a", "b"))
    seconds = estimates.seconds(n, first, second, [*infos["a"], *infos["b"]])
    return (
        f"A layer map of {len(first)} × {len(second)} layers at {n} stimuli takes "
        f"{sentences.duration(seconds)} here with CKA."
    )
