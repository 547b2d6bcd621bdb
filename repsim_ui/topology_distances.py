"""Which layers share a topology, and how smoothly a network changes it: matrices of diagram distances, and steps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from repsim_core import figures
from repsim_core.figures.diagram_curves import layer_steps
from repsim_core.topology import DIAGRAM_DISTANCES
from repsim_core.types import SimilarityMatrix
from repsim_core.types.diagram_results import DiagramComparison
from repsim_core.types.diagrams import PENDING
from repsim_ui import (
    charts,
    controls,
    links,
    request,
    sentences,
    topology,
    topology_bar,
    topology_controls,
    topology_matching,
)
from repsim_ui.messages import plain, shown_to_the_user
from repsim_ui.topology_controls import Asked

HEIGHT = 440
SMALL_LABELS = 10  # names that fit beside a small map
PATIENCE = 60.0  # seconds that start by themselves
KINDS = list(DIAGRAM_DISTANCES)


def distances(asked: Asked) -> None:
    """The matrices, the steps, and the two layers behind a cell."""
    study = topology.diagrams(asked)
    if len(study) < 2 or any(PENDING in one.reasons.values() for one in study.values()):
        st.info("The distances need all diagrams; those of the layers so far are in the first view.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = chosen_kind()
        k = topology_controls.dimension(asked.a.max_dimension)
    if not topology_bar.meant(study["a"], study["b"]):
        return
    counts = [len(study[side].layers) for side in asked.sides]
    cells = sum(count**2 / 2 for count in counts) + (counts[0] * counts[1] if len(counts) == 2 else 0)
    cost = topology_controls.distances_seconds(kind, int(cells), asked.a)
    content = {
        "a": asked.a.to_json(),
        "b": asked.b.to_json(),
        "dimension": k,
        "kind": kind,
        "unequal_n": asked.a.size != asked.b.size,
    }
    words = f"{kind.replace('_', ' ')} distances of {int(cells)} pairs of layers: {sentences.duration(cost)} here."
    part = request.of_kind("diagram_distances", content, f"{kind} of {asked.a.model} and {asked.b.model}", cost)
    (found,) = request.results(
        [part], HEIGHT, said="" if cost < PATIENCE else words, name="compute_distances", linked=False
    )
    if found.value is None:
        return
    for key, side in (("la", "a"), ("lb", "b")):
        links.keep_known(key, "Layer", study[side].layers, study[side].layers[0], aloud=False)
    st.session_state.pop("framed", None)  # a full run: the address decides
    _matrices(asked, study, found.value)
    _smoothness(asked, found.value)


def chosen_kind() -> str:
    """Which distance of diagrams."""
    links.keep_known("dist", "Distance", KINDS, KINDS[0])
    return st.selectbox(
        "Distance of diagrams",
        KINDS,
        key="dist",
        bind="query-params",
        width=220,
        help=controls.pooling_help(DIAGRAM_DISTANCES),
    )


@st.fragment
def _matrices(asked: Asked, study: topology.Study, found: DiagramComparison) -> None:
    """Both boxes, the matrix of the pair, those of each network, and the matching of the chosen cell."""
    top = max((float(one.values[one.defined].max(initial=0.0)) for one in found.matrices.values()), default=0.0) or 1.0
    # One range for all: what a matrix compares is its bounds to the figure.
    drawn = {name: replace(one, bounds=(0.0, top)) for name, one in found.matrices.items()}
    own = "a × b" if "a × b" in drawn or len(asked.sides) == 2 else "a × a"

    def clicked() -> None:
        points = st.session_state["distance_map"].selection.points
        if points:
            st.session_state["la"] = drawn[own].rows[int(points[0]["y"])]
            st.session_state["lb"] = drawn[own].columns[int(points[0]["x"])]
        else:
            chosen()

    def chosen() -> None:
        st.session_state["framed"] = st.session_state["la"], st.session_state["lb"]

    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, side in (("la", "a"), ("lb", "b")):
            st.selectbox(
                f"Layer of {side.upper()}",
                study[side].layers,
                key=key,
                bind="query-params",
                on_change=chosen,
                width=200,
            )
    cell = str(st.session_state["la"]), str(st.session_state["lb"])
    framed = st.session_state.setdefault("framed", cell)
    if own in drawn:
        left, right = st.columns([3, 2], gap="medium") if len(asked.sides) == 2 else (st.container(), None)
        with left:
            matrix = drawn[own]

            def pick(fig: go.Figure) -> go.Figure:
                return figures.add_pick_layer(fig, matrix, framed)

            charts.show(
                figures.similarity_heatmap(matrix),
                key="distance_map",
                alt="Distance of the diagrams of every layer of A from those of every layer of B.",
                title=f"{matrix.measure}, {matrix.model_a} × {matrix.model_b}",
                table=found.to_frame,
                pick=pick,
                on_select=clicked,
                selection_mode="points",
            )
            with st.container(key="distance_cell"):
                st.markdown(_cell(found.matrices[own], *cell))
        if right is not None:
            with right:
                for name in ("a × a", "b × b"):
                    if name in drawn:
                        _small(name, drawn[name])
    st.caption(
        "0 means equal diagrams, which is less than equal clouds. One range for all matrices; a value belongs to its "
        "number of points, its dimension and its distance. Click a cell to see how the two diagrams become each other."
    )
    chosen_layers = {side: (study[side], str(st.session_state[f"l{side}"])) for side in ("a", "b")}
    with shown_to_the_user(), st.expander("The two diagrams", expanded=True):
        topology_matching.matched(
            asked, chosen_layers, 0, found.matrices[own].recipe["dimension"] if own in drawn else 1
        )


def _small(name: str, matrix: SimilarityMatrix) -> None:
    side = name[0]
    fig = figures.similarity_heatmap(matrix).update_layout(height=330)
    step = -(-len(matrix.rows) // SMALL_LABELS)
    for axis in (fig.layout.xaxis, fig.layout.yaxis):
        axis.update(tickvals=axis.tickvals[::step], ticktext=axis.ticktext[::step])
    charts.show(
        fig,
        key=f"distance_map_{side}",
        alt=f"Distance of the diagrams of every two layers of {side.upper()}.",
        title=f"{matrix.measure}, {matrix.model_a} with itself",
        table=matrix.to_frame,
    )


def _cell(matrix: SimilarityMatrix, row: str, column: str) -> str:
    i, j = matrix.rows.index(row), matrix.columns.index(column)
    value, error = matrix.values[i, j], matrix.standard_error[i, j]
    if not np.isfinite(value):
        return plain("Not there yet." if matrix.reasons[i, j] == PENDING else "Undefined.")
    spread = f" ± {error:.2g}" if np.isfinite(error) else ""
    rest = f"{matrix.measure.replace('_', ' ')}, {row} and {column}, {matrix.n_stimuli} points"
    return f"**{value:.4g}**{spread} {plain(rest)}"


def _smoothness(asked: Asked, found: DiagramComparison) -> None:
    st.subheader("How smoothly do layers change it?", anchor=False)
    names = {side: f"{side.upper()} {getattr(asked, side).model.split('/', 1)[-1]}" for side in found.steps}
    table = pd.DataFrame(
        [
            {
                "network": names[side],
                "layers": len(one.layers),
                "mean step": one.mean_step,
                "largest step": one.largest,
                "sum of steps": one.path_length,
            }
            for side, one in found.steps.items()
        ]
    )
    number = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(table, hide_index=True, key="smoothness", column_config=dict.fromkeys(table.columns[2:], number))
    charts.show(
        layer_steps({names[side]: one for side, one in found.steps.items()}),
        key="layer_steps",
        alt="Distance of each layer's diagram from that of the next, over relative depth.",
        title="Steps from layer to layer",
        table=lambda: pd.concat(
            [one.to_frame().assign(network=names[side]) for side, one in found.steps.items()], ignore_index=True
        ),
    )
    st.caption(
        "The smaller the mean step, the smoother a network changes its topology. The sum grows with the number of "
        "layers by itself. Error bars are standard deviations over the subsets."
    )
