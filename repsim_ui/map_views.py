"""More than one map of a pair: two measures beside one another, and each network against itself."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from repsim_core import figures
from repsim_core.similarity import MEASURES
from repsim_core.types import SimilarityMatrix
from repsim_ui import charts, explore, links, map_request, request, sentences, state
from repsim_ui.messages import plain
from repsim_ui.recipes import Recipe

MAP_HEIGHT = 420


def two_measures(choices: state.Choices) -> None:
    """Where do two measures disagree?"""
    asked = map_request.asked(choices)
    if why := map_request.unpaired(asked.recipe):
        st.warning(plain(why))
        return
    others = [one for one in MEASURES if one != asked.recipe.measure]
    default = "procrustes" if "procrustes" in others else others[0]
    others = [default, *(one for one in others if one != default)]
    links.keep_known("m2", "Measure", others, default, aloud=False)
    second = st.selectbox("Second measure", others, key="m2", bind="query-params", width=320)
    beside = replace(asked.recipe, measure=second, options=())
    seconds = asked.seconds(), asked.seconds(beside)
    found, other = request.results(
        [request.matrix(one, cost) for one, cost in zip((asked.recipe, beside), seconds, strict=True)],
        MAP_HEIGHT,
        said=f"{asked.cells} cells under both measures: {sentences.duration(sum(seconds))} here.",
    )
    for warning in dict.fromkeys(w for one in (found, other) if one.value is not None for w in one.value.warnings):
        st.warning(plain(warning))
    if found.value is None or other.value is None:
        return
    _beside(asked.recipe, found.value, other.value)


@st.fragment
def _beside(recipe: Recipe, first: SimilarityMatrix, second: SimilarityMatrix) -> None:
    for key, known in (("la", first.rows), ("lb", first.columns)):
        links.keep_known(key, "Layer", known, known[0], aloud=False)
    with st.container(horizontal=True):
        for key, label, known in (("la", "Layer of A", first.rows), ("lb", "Layer of B", first.columns)):
            st.selectbox(label, known, key=key, bind="query-params", width=240)
    cell = st.session_state["la"], st.session_state["lb"]
    place = first.rows.index(cell[0]), first.columns.index(cell[1])
    for slot, name, one in zip(st.columns(2, gap="medium"), ("first", "second"), (first, second), strict=True):
        with slot:
            _map(recipe, one, name, cell)
            st.markdown(sentences.cell(one, *cell, error=float(one.standard_error[place])))

    def clicked() -> None:
        points = st.session_state["scatter"].selection.points
        if points:
            i, j = (int(one) for one in points[0]["customdata"])
            st.session_state["la"], st.session_state["lb"] = first.rows[i], first.columns[j]

    both = first.defined & second.defined
    charts.show(
        figures.cell_scatter(first, second),
        key="scatter",
        alt="Every pair of layers by the value of both measures.",
        title=f"{first.measure} against {second.measure}, {recipe.a} × {recipe.b}",
        table=lambda: first.to_frame()[["layer_a", "layer_b", first.measure]].assign(
            **{second.measure: second.values.ravel()}
        ),
        pick=lambda _: figures.cell_scatter(first, second, chosen=cell),
        on_select=clicked,
        selection_mode="points",
    )
    if both.sum() > 2 and np.ptp(first.values[both]) > 0 and np.ptp(second.values[both]) > 0:
        from scipy.stats import spearmanr  # here, since importing it takes most of a second

        rank = float(spearmanr(first.values[both], second.values[both]).statistic)
        st.markdown(
            f"Spearman correlation over {int(both.sum())} cells: **{rank:.3f}**. "
            "Cells share layers, so this describes the two maps and is no sample of anything."
        )
    st.caption("A cell off the curve of the others is where the two measures disagree. Click it, or use the boxes.")


def within_each(choices: state.Choices) -> None:
    """Each network against itself: blocks of layers that hardly change the representation."""
    asked = map_request.asked(choices)
    sides = [_of_itself(asked.recipe, side) for side in ("a", "b")]
    cost = asked.seconds()
    found = request.results(
        [request.matrix(one, cost) for one in sides],
        MAP_HEIGHT,
        said=f"Two maps of {asked.recipe.measure}, each network with itself: {sentences.duration(2 * cost)} here.",
    )
    for slot, side, recipe, one in zip(st.columns(2, gap="medium"), ("A", "B"), sides, found, strict=True):
        if one.value is None:
            continue
        with slot:
            st.markdown(f"**{side}**: {plain(recipe.a)} on {plain(recipe.dataset)}")
            _map(recipe, one.value, f"within_{side.lower()}", None)
            st.markdown(_near_last(one.value))
    st.caption(
        "The diagonal says nothing. A bright block off the diagonal means that those layers hold nearly the same "
        "representation; networks that are too deep have such a block."
    )


def _of_itself(recipe: Recipe, side: str) -> Recipe:
    """The map of one network with itself, on what that side sees."""
    chosen = recipe.rows if side == "a" else recipe.columns
    name = recipe.model(side)
    return replace(recipe, a=name, b=name, dataset=recipe.data(side), dataset_b="", rows=chosen, columns=chosen)


def _map(recipe: Recipe, matrix: SimilarityMatrix, key: str, cell: tuple[str, str] | None) -> None:
    def pick(fig: go.Figure) -> go.Figure:
        return fig if cell is None else figures.add_pick_layer(fig, matrix, cell)

    charts.show(
        figures.similarity_heatmap(matrix),
        key=f"map_{key}",
        alt="Every layer of the one network with every layer of the other; the table below holds the numbers.",
        title=f"{matrix.measure}, {recipe.a} × {recipe.b} on {recipe.dataset}",
        table=matrix.to_frame,
        more=lambda: explore.files(recipe, matrix),
        pick=pick,
    )


def _near_last(matrix: SimilarityMatrix) -> str:
    """How many layers are very similar to the last: the block of networks that are too deep."""
    if not matrix.larger_is_more_similar or not np.isfinite(matrix.bounds[1]):
        return ""
    last = matrix.values[:-1, -1]
    known = np.isfinite(last)
    if not known.any():
        return ""
    count = int((last[known] > 0.9 * matrix.bounds[1]).sum())
    return f"{count} of {int(known.sum())} layers before the last are above 0.9 with it."
