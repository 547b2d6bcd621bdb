"""One number of every layer over relative depth, several networks beside each other, and network against network."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from repsim_core import figures, models
from repsim_core import topology as core
from repsim_core.figures.diagram_curves import summary_curves
from repsim_core.types import SimilarityMatrix
from repsim_core.types.diagrams import PENDING, LayerDiagrams
from repsim_ui import (
    cache,
    charts,
    links,
    request,
    sentences,
    topology,
    topology_bar,
    topology_controls,
    topology_distances,
)
from repsim_ui.messages import plain
from repsim_ui.recipes import LayerChoice
from repsim_ui.topology_controls import Asked
from repsim_ui.topology_recipes import KIND, DiagramRecipe

HEIGHT = 440
NUMBERS = list(core.NUMBERS)
MOST_NETWORKS = 6


def curves(asked: Asked) -> None:
    """The number, the networks, their curves, and their distances from each other."""
    study = topology.diagrams(asked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        links.keep_known("number", "Number", NUMBERS, NUMBERS[0])
        value = st.selectbox("Number", NUMBERS, key="number", bind="query-params", width=200)
        k = topology_controls.dimension(asked.a.max_dimension)
        more = _more(asked)
    if len(study) == 2 and not topology_bar.meant(study["a"], study["b"]):
        return
    found: dict[str, tuple[DiagramRecipe, LayerDiagrams]] = {}
    for side, recipe in asked.sides.items():
        if side in study:
            name = recipe.model if recipe.model not in found else f"{recipe.model}, {recipe.size} points"
            found[name] = recipe, study[side]
    ready = len(study) == 2 and not any(PENDING in one.reasons.values() for one in study.values())
    if more and ready:  # one computation at a time is followed
        others, ready = _others([replace(asked.a, model=name, layers=_rule(asked), chosen=()) for name in more])
        found |= others
    _drawn({name: one for name, (_, one) in found.items()}, value, k)
    if ready:
        _networks(found, k)


def _others(recipes: list[DiagramRecipe]) -> tuple[dict[str, tuple[DiagramRecipe, LayerDiagrams]], bool]:
    """What there is of further networks, and whether nothing of them is at work."""
    parts, cost = [], 0.0
    for one in recipes:
        infos = cache.layer_infos(one.model, one.dataset)
        chosen = cache.chosen_layers(one.responses(), "a")
        seconds = topology_controls.diagram_seconds(one, [each for each in infos if each.name in chosen], infos)
        parts.append(request.of_kind(KIND, one.to_json(), f"diagrams of {one.model}", seconds))
        cost += seconds
    networks = f"{len(recipes)} more network{'s' if len(recipes) > 1 else ''}"
    said = f"Diagrams of {networks}: {sentences.duration(cost)} here."
    results = request.results(parts, 40, said=said, name="compute_more", linked=False)
    found = {
        one.model: (one, result.value) for one, result in zip(recipes, results, strict=True) if result.value is not None
    }
    return found, not any(result.job is not None and result.job.active for result in results)


def _rule(asked: Asked) -> LayerChoice:
    return "all" if asked.a.layers == "all" else "blocks"


def _more(asked: Asked) -> list[str]:
    """Networks of the library that take the same stimuli."""
    shape = cache.card(asked.a.model).input_shape
    own = {asked.a.model, asked.b.model}
    known = [card.name for card in models.available() if card.input_shape == shape and card.name not in own]
    links.keep_several("more", "Network", known)
    return list(
        st.multiselect(
            "More networks",
            known,
            key="more",
            bind="query-params",
            max_selections=MOST_NETWORKS - len(own),
            placeholder="Compare with others",
        )
    )


def _drawn(found: dict[str, LayerDiagrams], value: str, k: int) -> None:
    drawn = {name.split("/", 1)[-1]: one for name, one in found.items() if one.done}
    courses = {name: core.depth_course(one, value, k) for name, one in drawn.items()}
    charts.show(
        summary_curves(
            {name: (depth, *band) for name, (depth, band) in courses.items()},
            value=f"{value}, H{k}",
            layers={name: one.done for name, one in drawn.items()},
        ),
        key="depth_curves",
        alt="One number of the diagrams of every layer over relative depth, a curve a network.",
        title=f"{value} of H{k} over depth",
        table=lambda: pd.concat(
            [core.summary_table(one).assign(network=name) for name, one in drawn.items()], ignore_index=True
        ),
    )
    st.caption(
        "Mean over the subsets with Student's 95 % interval, a little too narrow since subsets share stimuli. Total "
        "persistence is the sum of the lengths of all bars, entropy says how evenly they share it; both grow with the "
        "number of points."
    )


def _networks(found: dict[str, tuple[DiagramRecipe, LayerDiagrams]], k: int) -> None:
    """Distances of every two networks at matched depth."""
    complete = {name: one for name, one in found.items() if PENDING not in one[1].reasons.values()}
    if len(complete) < 2 or len({recipe.size for recipe, _ in complete.values()}) > 1:
        return
    st.subheader("Network against network", anchor=False)
    kind = topology_distances.chosen_kind()
    pairs = len(complete) * (len(complete) + 1) / 2
    depth = max(len(one.layers) for _, one in complete.values())
    cost = topology_controls.distances_seconds(kind, int(pairs * depth), next(iter(complete.values()))[0])
    content = {"networks": [recipe.to_json() for recipe, _ in complete.values()], "dimension": k, "kind": kind}
    part = request.of_kind("diagram_networks", content, f"{len(complete)} networks by their diagrams", cost)
    (result,) = request.results([part], HEIGHT, name="compute_networks", linked=False, partial=False)
    if result.value is None:
        return
    matrix = result.value
    if len(complete) == 2:
        st.markdown(
            f"**{matrix.values[0, 1]:.4g}**"
            + plain(f" {kind.replace('_', ' ')} distance of H{k} between ")
            + plain(" and ".join(name.split("/", 1)[-1] for name in matrix.rows))
            + ", the mean over matched relative depths. Choose more networks above for a map."
        )
        return
    names = tuple(name.split("/", 1)[-1] for name in matrix.rows)
    shown = replace(matrix, rows=names, columns=names, model_a="", model_b="")
    charts.show(
        figures.similarity_heatmap(shown),
        key="network_map",
        alt="Mean distance of the diagrams of every two networks at matched relative depth.",
        title=f"{matrix.measure} between networks",
        table=partial(_matrix_table, shown),
    )
    off = matrix.values[~np.eye(len(names), dtype=bool)]
    st.caption(
        plain(
            f"Mean over matched relative depths; the deeper network gives the depths. From {np.nanmin(off):.4g} to "
            f"{np.nanmax(off):.4g} between different networks."
        )
    )


def _matrix_table(matrix: SimilarityMatrix) -> pd.DataFrame:
    return matrix.to_frame().rename(columns={"layer_a": "network A", "layer_b": "network B"})
