"""One layer along a training: its diagram at every checkpoint, and how far that is from the last one."""

from dataclasses import replace

import streamlit as st

from repsim_core import datasets, figures
from repsim_core import topology as core
from repsim_core.figures.diagrams import PLAYED, diagram_multiples, scale_top
from repsim_core.types.diagrams import LayerDiagrams
from repsim_ui import cache, charts, request, topology_controls, topology_panels
from repsim_ui.messages import plain
from repsim_ui.topology_controls import Asked
from repsim_ui.trainings import network_and_layer, trained, trainings

HEIGHT = 440


def training(asked: Asked) -> None:
    """The network, the layer, the checkpoints one after the other."""
    known = trainings()
    if not known:
        st.info("No network of the library has checkpoints.")
        return
    own = trained(asked.a.model)
    default = own if own in known else next(iter(known))
    name, layer = network_and_layer([default, *(one for one in known if one != default)])
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
