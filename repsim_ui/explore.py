"""A layer map that is there: the matrix that answers clicks, its statistics, and what lies behind one cell."""

from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from repsim_core import figures
from repsim_core.types import SimilarityMatrix
from repsim_ui import charts, exports, links, map_panels, map_significance, panels, sentences
from repsim_ui.map_request import Asked
from repsim_ui.map_significance import Statistics
from repsim_ui.messages import plain, shown_to_the_user
from repsim_ui.recipes import Recipe, as_python
from repsim_ui.request import Found

TABS = ["Examples", "Spectra", "Projection", "Stimuli needed", "Shuffles"]
HOW_TO_READ = """
Every cell compares one layer of A (down) with one layer of B (across) on the same stimuli; bright is similar for every
measure. A bright diagonal means that layers match at their own depth; a bright block means that a run of layers hardly
changes the representation. A number means nothing without its chance level: unrelated layers reach that much by luck.
Hatched cells are undefined, and hover says why. Click a cell, or use the two boxes, to see what is behind it.
"""


def layer_map(asked: Asked, found: Found) -> None:
    """Everything below the choices."""
    matrix: SimilarityMatrix = found.value
    st.markdown(sentences.summary(matrix))
    for warning in matrix.warnings:
        st.warning(plain(warning))
    if missing := sentences.undefined(matrix):
        st.info(missing)
    statistics = map_significance.statistics(asked, matrix) if found.complete else Statistics()
    opened = st.session_state.pop("opened", False)
    if cell := st.session_state.pop("cell", None):
        st.session_state["la"], st.session_state["lb"] = cell
    for key, known in (("la", matrix.rows), ("lb", matrix.columns)):
        # The first layer, since that is what a bound box drops from the address.
        links.keep_known(key, "Layer", known, known[0], aloud=not opened)
    links.keep_known("tab", "Panel", TABS, TABS[0])
    st.session_state.pop("marked", None)  # a full run: the address decides
    _explore(asked, matrix, statistics)
    if found.complete and found.job is not None:
        st.caption(f"Computed in {found.job.seconds:.1f} s.")
    with st.expander("How to read this"):
        st.markdown(HOW_TO_READ)


@st.fragment
def _explore(asked: Asked, matrix: SimilarityMatrix, statistics: Statistics) -> None:
    recipe, rows, columns = asked.recipe, matrix.rows, matrix.columns

    def clicked() -> None:
        points = st.session_state["map"].selection.points
        if points:
            st.session_state["la"], st.session_state["lb"] = rows[int(points[0]["y"])], columns[int(points[0]["x"])]
        else:
            chosen()  # a second click on a cell deselects it: mark it again

    def chosen() -> None:
        st.session_state["marked"] = st.session_state["la"], st.session_state["lb"]

    left, right = st.columns([3, 2], gap="medium")
    with right, st.container(horizontal=True):
        for key, label, known in (("la", "Layer of A", rows), ("lb", "Layer of B", columns)):
            st.selectbox(label, known, key=key, bind="query-params", on_change=chosen, width="stretch")
    row, column = st.session_state["la"], st.session_state["lb"]
    marked = st.session_state.setdefault("marked", (row, column))

    def pick(fig: go.Figure) -> go.Figure:
        return figures.add_pick_layer(fig, matrix, marked)

    with left:
        charts.show(
            figures.similarity_heatmap(matrix),
            key="map",
            alt="Similarity of every layer of model A to every layer of model B; the table below holds the numbers.",
            title=f"{recipe.a} × {recipe.b} on {recipe.dataset}",
            table=matrix.to_frame,
            more=lambda: files(recipe, matrix),
            pick=pick,
            on_select=clicked,
            selection_mode="points",
        )
    with right:
        with st.container(key="cell"):
            error, source = statistics.errors(matrix)
            i, j = rows.index(row), columns.index(column)
            st.markdown(sentences.cell(matrix, row, column, error=error[i, j], source=source))
            if said := map_significance.cell(statistics, matrix, row, column):
                st.markdown(said)
        charts.show(
            figures.best_match_curves(matrix),
            key="best",
            alt="Depth of the most similar layer of the other model, for each layer of both models.",
            title=f"Best matches of {recipe.a} and {recipe.b}",
            table=lambda: best_matches(matrix, statistics),
        )
    st.subheader("Why do these two layers match?", anchor=False)
    tabs = st.tabs(TABS, key="tab", on_change="rerun", bind="query-params")
    shown = (
        partial(panels.examples, recipe, matrix, row, column),
        partial(panels.spectra, recipe, matrix, row, column),
        partial(panels.projection, recipe, matrix, row, column),
        partial(map_panels.stimuli_needed, asked, matrix, row, column),
        partial(map_panels.shuffles, matrix, statistics.test, row, column),
    )
    for tab, panel in zip(tabs, shown, strict=True):
        if tab.open:
            with tab, shown_to_the_user():
                panel()


def best_matches(matrix: SimilarityMatrix, statistics: Statistics) -> pd.DataFrame:
    """The most similar layer of the other model for every layer, from both sides; p where stimuli were shuffled."""
    to_columns, to_rows = matrix.best_match()
    p = None if statistics.test is None else statistics.test.p_of_best_match
    sides = [
        (matrix.model_a, matrix.rows, matrix.columns, to_columns, matrix.values, p),
        (matrix.model_b, matrix.columns, matrix.rows, to_rows, matrix.values.T, None),
    ]
    return pd.DataFrame(
        [
            {
                "model": model,
                "layer": own[k],
                "best match": other[best[k]],
                matrix.measure: values[k, best[k]],
                "p": float("nan") if those is None else those[k],
            }
            for model, own, other, best, values, those in sides
            for k in range(len(own))
            if best[k] >= 0
        ]
    )


def files(recipe: Recipe, matrix: SimilarityMatrix) -> None:
    """Downloads of a map, and the program that computes it."""
    exports.downloads(exports.result_files(recipe, matrix), key="files")
    st.caption("The same numbers in Python:")
    st.code(as_python(recipe), language="python", wrap_lines=True)
