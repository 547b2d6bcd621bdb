"""Networks with checkpoints along their training, and the boxes that choose one of them and a layer."""

import re
from collections import defaultdict

import streamlit as st

from repsim_core import activations, models
from repsim_core.types import ModelCard
from repsim_ui import cache, links

FEWEST_CHECKPOINTS = 3


def trainings() -> dict[str, list[ModelCard]]:
    """Networks with at least three checkpoints, in the order of their epochs, the trained one last."""
    cards = {card.name: card for card in models.available()}
    found: dict[str, list[ModelCard]] = defaultdict(list)
    for name, card in cards.items():
        final = trained(name)
        if final != name and final in cards and card.epochs is not None:
            found[final].append(card)
    complete = {}
    for name, those in found.items():
        last = cards[name]
        ordered = sorted(those, key=lambda card: card.epochs or 0.0)
        if last.epochs is not None and last.epochs not in {card.epochs for card in those}:
            ordered.append(last)
        if len(ordered) >= FEWEST_CHECKPOINTS:
            complete[name] = ordered
    return complete


def trained(name: str) -> str:
    """The network that a checkpoint became; any other name as it is."""
    return re.sub(r"-epoch\d+$", "", name)


def network_and_layer(names: list[str]) -> tuple[str, str]:
    """Two boxes: a network, and one of its layers, the last one first, since that is where training shows most."""
    links.keep_known("net", "Network", names, names[0], aloud=False)
    with st.container(horizontal=True):
        name = st.selectbox("Network", names, key="net", bind="query-params", width=280)
        found = activations.default_layers(cache.layer_infos(name, cache.card(name).dataset))
        layers = list(found)[::-1]
        links.keep_known("layer", "Layer", layers, layers[0], aloud=False)
        layer = st.selectbox("Layer", layers, key="layer", bind="query-params", width=200)
    return name, layer
