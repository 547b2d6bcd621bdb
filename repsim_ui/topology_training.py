"""One layer along a training: its diagram at every checkpoint, and how far that is from the last one."""

import re
from collections import defaultdict
from dataclasses import replace

import streamlit as st

from repsim_core import activations, datasets, figures, models
from repsim_core import topology as core
from repsim_core.figures.diagrams import PLAYED, diagram_multiples, scale_top
from repsim_core.types import ModelCard
from repsim_core.types.diagrams import LayerDiagrams
from repsim_ui import cache, charts, links, request, topology_controls, topology_panels
from repsim_ui.messages import plain
from repsim_ui.topology_controls import Asked

FEWEST_CHECKPOINTS = 3
HEIGHT = 440


def training(asked: Asked) -> None:
    """The network, the layer, the checkpoints one after the other."""
    known = _trainings()
    if not known:
        st.info("No network of the library has checkpoints.")
        return
    own = re.sub(r"-epoch\d+$", "", asked.a.model)
    default = own if own in known else next(iter(known))
    name, layer = _network([default, *(one for one in known if one != default)])
    final = cache.card(name)
    sizes = next(card.sizes for card in datasets.available() if card.name == final.dataset)
    n = min(asked.a.n, sizes.get("test", sizes.get("all", 0)))
    recipe = replace(
        asked.a, model=name, dataset=final.dataset, n=n, size=min(asked.a.size, n), layers="blocks", chosen=()
    )
    checkpoints = [(f"epoch {card.epochs:g}", card.name) for card in known[name]]
    content = {"diagrams": recipe.to_json(), "layer": layer, "checkpoints": checkpoints}
    infos = [one for one in cache.layer_infos(name, final.dataset) if one.name == layer]
    seconds = len(checkpoints) * topology_controls.diagram_seconds(recipe, infos, infos)
    part = request.of_kind("diagram_training", content, f"{layer} of {name} along its training", seconds)
    (result,) = request.results([part], HEIGHT, name="compute_training", linked=False)
    found = result.value
    if found is None or not found.done:
        return
    k = topology_controls.dimension(found.dimensions - 1)
    every = [one for each in found.diagrams.values() for one in each[0]]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            diagram_multiples(found, columns=5),
            key="training_multiples",
            alt="A small persistence diagram of the layer at every checkpoint, on one scale.",
            title=f"{layer} of {name} along its training",
            table=lambda: core.summary_table(found).rename(columns={"layer": "checkpoint"}),
        )
        if result.complete:
            _course(found, k, f"{layer} of {name}")
    with right:
        topology_panels.play(found, "training", 0, "checkpoint", scale_top(every))
    st.caption(
        plain(
            f"{layer} on {found.points} of {n} stimuli of {final.dataset}, {len(found.subsets)} subsets; sliced "
            f"Wasserstein distance of H{k}, bars are standard errors over the subsets. The {PLAYED} longest bars play. "
            "Epochs are not evenly spaced."
        )
    )


def _course(found: LayerDiagrams, k: int, title: str) -> None:
    """Distance from the last checkpoint, and total persistence."""
    table = core.course_to_last(found, k).rename(columns={"layer": "checkpoint"})
    charts.show(
        figures.value_curves(
            [one.removeprefix("epoch ") for one in table["checkpoint"]],
            {
                "distance to the last checkpoint": {"distance": table["distance"].to_numpy()},
                "total persistence": {"total persistence": table["total_persistence"].to_numpy()},
            },
            errors={
                "distance": table["distance_error"].to_numpy(),
                "total persistence": table["total_persistence_error"].to_numpy(),
            },
            title="epoch",
        ),
        key="training_course",
        alt="Distance of each checkpoint's diagram from the last one's, and total persistence, against epochs.",
        title=f"{title} along its training",
        table=lambda: table,
    )


def _network(names: list[str]) -> tuple[str, str]:
    links.keep_known("net", "Network", names, names[0], aloud=False)
    with st.container(horizontal=True):
        name = st.selectbox("Network", names, key="net", bind="query-params", width=280)
        found = activations.default_layers(cache.layer_infos(name, cache.card(name).dataset))
        layers = list(found)[::-1]  # the last one first: it is small, and where training shows most
        links.keep_known("layer", "Layer", layers, layers[0], aloud=False)
        layer = st.selectbox("Layer", layers, key="layer", bind="query-params", width=200)
    return name, layer


def _trainings() -> dict[str, list[ModelCard]]:
    """Networks with at least three checkpoints, in the order of their epochs, the trained one last."""
    cards = {card.name: card for card in models.available()}
    found: dict[str, list[ModelCard]] = defaultdict(list)
    for name, card in cards.items():
        final = re.sub(r"-epoch\d+$", "", name)
        if final != name and final in cards and card.epochs is not None:
            found[final].append(card)
    complete = {}
    for name, those in found.items():
        last = cards[name]
        epochs = {card.epochs for card in those}
        ordered = sorted(those, key=lambda card: card.epochs or 0.0)
        if last.epochs is not None and last.epochs not in epochs:
            ordered.append(last)
        if len(ordered) >= FEWEST_CHECKPOINTS:
            complete[name] = ordered
    return complete
