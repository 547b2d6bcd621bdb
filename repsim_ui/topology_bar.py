"""One bar of a diagram: the box that chooses it, its stimuli in the cloud of their layer and as pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from repsim_core import figures
from repsim_core.figures.diagram_links import add_bar
from repsim_core.types import Dataset, PersistenceDiagram
from repsim_core.types.diagrams import LayerDiagrams
from repsim_ui import bar_stimuli, cache, charts, hover, library, links
from repsim_ui.messages import plain
from repsim_ui.topology_controls import Asked, Chosen

OFFERED = 30  # bars of each dimension and side in the box
PANEL_HEIGHT = 430
WHAT = ("component", "loop", "cavity")


def stimuli(asked: Asked, chosen: Chosen, subset: int, boxes: DeltaGenerator) -> None:
    """The chosen bar, whose box goes to ``boxes``, the cloud with its edge and its triangle, the pictures."""
    bars = {
        f"{side.upper()} H{one.dimension} {k + 1}": (side, one, k)
        for side, (found, layer) in chosen.items()
        for one in reversed(found.diagrams[layer][subset])
        for k in range(len(one))
    }
    offered = [name for name, (_, _, k) in bars.items() if k < OFFERED]
    key = "tbar" if len(chosen) == 2 else "tbar_of_one"  # not yet the choice of the link: its first option may change
    held = str(st.session_state.get(key, st.query_params.get(key, "")))
    if held in bars and held not in offered:
        offered.append(held)  # a short bar, clicked in the diagram
    links.keep_known(key, "Bar", offered, offered[0], aloud=False)
    bound: dict[str, Any] = {"bind": "query-params"} if key == "tbar" else {}
    name = boxes.selectbox("Bar, longest first", offered, key=key, width=200, **bound)
    side, one, k = bars[name]
    found, layer = chosen[side]
    recipe = asked.a if side == "a" else asked.b
    data = cache.dataset(recipe.dataset, recipe.n, recipe.seed)
    born, died = one.birth_simplices[k].tolist(), one.death_simplices[k].tolist()
    removed = found.removed[layer][subset] if layer in found.removed else np.zeros(0, np.int64)
    left, right = st.columns([3, 2], gap="medium")
    with left, st.skeleton(height=PANEL_HEIGHT):
        scores, _, share, _ = cache.projections(recipe.responses(), layer, layer)
        cloud = figures.projection(
            scores,
            data.labels,
            data.stimuli,
            title=f"{side.upper()} {layer}",
            share=share,
            class_names=data.class_names,
            selected=found.subsets[subset] if len(found.subsets[subset]) < len(data) else None,
        )
        pictures = {
            number: [[int(row)] for row in np.asarray(trace.customdata).ravel()]
            for number, trace in enumerate(cloud.data)
        }
        drawn = add_bar(cloud, scores, born, died, data.stimuli, removed=removed.tolist())
    with left:
        hover.thumbnails("bar_cloud", data, pictures)
        charts.show(
            drawn,
            key="bar_cloud",
            alt="The stimuli of the layer in two directions, with the edge and the triangle of the chosen bar.",
            title=f"Stimuli of {name} in {layer} of {found.model}",
            table=lambda: _cloud_table(scores, data, born, died, found.subsets[subset], removed),
        )
    with right:
        with st.container(key="bar_words"):
            st.markdown(_sentence(name, one, k, data))
        rows = list(dict.fromkeys(row for row in [*born, *died] if row >= 0))
        if rows:
            bar_stimuli.show(
                data,
                rows,
                key="bar_pictures",
                alt="The stimuli that make and end the chosen bar.",
                columns=5,
                height=150,
            )
        if len(removed):
            st.caption(f"{len(removed)} outliers were removed from this subset, marked by crosses.")
    st.caption("Two principal directions of the layer: what lies close here may be far apart in the others.")


def meant(first: LayerDiagrams, second: LayerDiagrams) -> bool:
    """Whether two sides have equally many points, or it is confirmed that they are compared all the same."""
    if first.points == second.points:
        return True
    st.warning(
        f"The diagrams of A are of {first.points} points, those of B of {second.points}. A diagram has more and "
        "shorter bars the more points it is made of, so a distance would tell the numbers apart, not the shapes."
    )
    return bool(st.checkbox("Compare them all the same", key="unequal", bind="query-params"))


def _sentence(name: str, one: PersistenceDiagram, k: int, data: Dataset) -> str:
    birth, death = float(one.births[k]), float(one.deaths[k])
    born, died = (_listed(data, cells[k].tolist()) for cells in (one.birth_simplices, one.death_simplices))
    head = f"**{plain(name)}**, a {WHAT[one.dimension]} "
    if not np.isfinite(death):
        return head + "that never ends: all stimuli are one cluster at last."
    lived = f"from {birth:.3f} to {death:.3f}, a length of **{death - birth:.3f}**. "
    if one.dimension == 0:
        return head + lived + f"The cluster that begins with {born} ends where {died} meet."
    if one.dimension == 1:
        return head + lived + f"It closes where {born} meet and is filled by {died}."
    return head + lived + f"The longest edge of what closes it is {born}, of what fills it {died}."


def _listed(data: Dataset, rows: Sequence[int]) -> str:
    return ", ".join(plain(data.stimuli[k]) for k in rows if k >= 0) or "no stimulus"


def _cloud_table(
    scores: NDArray[np.float64],
    data: Dataset,
    born: list[int],
    died: list[int],
    subset: NDArray[np.int64],
    removed: NDArray[np.int64],
) -> pd.DataFrame:
    rows = np.arange(len(data))
    return pd.DataFrame(
        {
            "stimulus": data.stimuli,
            "label": library.captions(data),
            "direction 1": scores[:, 0],
            "direction 2": scores[:, 1],
            "in the subset": np.isin(rows, subset),
            "removed": np.isin(rows, removed),
            "of birth": np.isin(rows, born),
            "of death": np.isin(rows, died),
        }
    )
