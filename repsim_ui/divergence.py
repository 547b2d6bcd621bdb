"""Two networks by shape: what is asked for, the job, and the map of divergences beside the map of CKA."""

from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from repsim_core import figures
from repsim_core.similarity import MEASURES
from repsim_core.types import SimilarityMatrix
from repsim_ui import (
    cache,
    charts,
    controls,
    divergence_controls,
    divergence_panels,
    estimates,
    explore,
    links,
    request,
    sentences,
    state,
)
from repsim_ui.messages import plain, shown_to_the_user
from repsim_ui.recipes import Recipe

MAPS = ("divergence_map", "cka_map")
MAP_HEIGHT = 440


def pair(choices: state.Choices) -> None:
    """Everything on the pair at the side."""
    measure, options, pooling, layers = divergence_controls.chosen(choices.n)
    st.markdown(sentences.claim(MEASURES[measure]))
    cache.dataset(choices.dataset, choices.n, choices.seed)
    infos = {name: cache.layer_infos(name, choices.dataset) for name in (choices.a, choices.b)}
    recipe = controls.recipe(choices, measure, pooling, layers, options, infos)
    rows, columns = cache.chosen_layers(recipe, "a"), cache.chosen_layers(recipe, "b")
    if not rows or not columns:
        st.info("Choose at least one layer of each model.")
        st.stop()
    first = [one for one in infos[choices.a] if one.name in rows]
    second = [one for one in infos[choices.b] if one.name in columns]
    cheap = estimates.seconds(choices.n, first, second, [*infos[choices.a], *infos[choices.b]])
    batch, trials = estimates.subsets(recipe)
    cost = cheap + estimates.subset_seconds(measure, batch, trials, len(rows) * len(columns))
    subsets = f"{trials} subsets" if trials > 1 else "one subset"
    beside = replace(recipe, measure="cka", options=())
    found, other = request.results(
        [request.matrix(recipe, cost), request.matrix(beside, cheap)],
        MAP_HEIGHT,
        said=f"{len(rows)} × {len(columns)} cells on {subsets} of {batch} stimuli: {sentences.duration(cost)} here.",
    )
    if found.value is not None:
        _maps(recipe, found.value, other.value)
        if found.complete and found.job is not None:
            st.caption(f"Computed in {found.job.seconds:.1f} s.")


def _maps(recipe: Recipe, matrix: SimilarityMatrix, beside: SimilarityMatrix | None) -> None:
    for warning in matrix.warnings:
        st.warning(plain(warning))
    if missing := sentences.undefined(matrix):
        st.info(missing)
    opened = st.session_state.pop("opened", False)
    if cell := st.session_state.pop("cell", None):
        st.session_state["la"], st.session_state["lb"] = cell
    for key, known in (("la", matrix.rows), ("lb", matrix.columns)):
        links.keep_known(key, "Layer", known, known[0], aloud=not opened)
    st.session_state.pop("frames", None)  # a full run: the address decides
    _linked(recipe, matrix, beside)


@st.fragment
def _linked(recipe: Recipe, matrix: SimilarityMatrix, beside: SimilarityMatrix | None) -> None:
    """Both maps with one selection, and what lies behind it.

    A click must not change the figure that was clicked: the browser has framed the cell, and a new figure would lose
    zoom and selection. The other map is drawn again, with a number that makes it another figure even if the frame is
    where an earlier figure had it.
    """
    rows, columns = matrix.rows, matrix.columns

    def framed(*names: str) -> None:
        st.session_state["drawing"] = st.session_state.get("drawing", 0) + 1
        now = (st.session_state["la"], st.session_state["lb"]), st.session_state["drawing"]
        st.session_state["frames"] = st.session_state.get("frames", {}) | dict.fromkeys(names, now)

    def clicked(name: str) -> None:
        points = st.session_state[name].selection.points
        if points:
            st.session_state["la"], st.session_state["lb"] = rows[int(points[0]["y"])], columns[int(points[0]["x"])]
            framed(*(one for one in MAPS if one != name))
        else:
            framed(name)  # a second click on a cell deselects it: frame it again

    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, label, known in (("la", "Layer of A", rows), ("lb", "Layer of B", columns)):
            st.selectbox(label, known, key=key, bind="query-params", on_change=framed, args=MAPS, width=240)
    row, column = st.session_state["la"], st.session_state["lb"]
    frames = st.session_state.setdefault("frames", dict.fromkeys(MAPS, ((row, column), 0)))

    for slot, name, one in zip(st.columns(2, gap="medium"), MAPS, (matrix, beside), strict=True):
        if one is None:
            with slot, st.skeleton(height=MAP_HEIGHT):
                continue
        cell, drawing = frames[name]

        def pick(
            fig: go.Figure, one: SimilarityMatrix = one, cell: tuple[str, str] = cell, drawing: int = drawing
        ) -> go.Figure:
            return figures.add_pick_layer(fig, one, cell).update_layout(meta=drawing)

        with slot:
            charts.show(
                figures.similarity_heatmap(one),
                key=name,
                alt=_ALT[name],
                title=f"{one.measure}, {recipe.a} × {recipe.b} on {recipe.dataset}",
                table=one.to_frame,
                more=None if one is beside else lambda: explore.files(recipe, matrix),
                pick=pick,
                on_select=lambda name=name: clicked(name),
                selection_mode="points",
            )
            with st.container(key=f"{name}_cell"):
                st.markdown((sentences.cell if one is beside else sentences.divergence_cell)(one, row, column))
    st.caption(
        "0 means the same shape up to rotation, translation and scale. A divergence grows with the batch, so compare "
        "only values of one batch. Click a cell in either map, or use the two boxes."
    )
    with shown_to_the_user():
        divergence_panels.detail(recipe, row, column)


_ALT = {
    "divergence_map": "Divergence of every layer of model A from every layer of model B; its table holds the numbers.",
    "cka_map": "CKA of every layer of model A and every layer of model B; its table holds the numbers.",
}
