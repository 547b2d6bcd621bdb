"""What lies behind one cell of a layer map: one function per tab."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from repsim_core import figures
from repsim_core.types import Dataset, SimilarityMatrix
from repsim_ui import cache, charts
from repsim_ui.messages import plain
from repsim_ui.recipes import Recipe

CLOUDS = ("cloud_a", "cloud_b")
PANEL_HEIGHT = 440


def examples(recipe: Recipe, matrix: SimilarityMatrix, row: str, column: str) -> None:
    """The two matrices of example similarities side by side."""
    data = cache.dataset(recipe.dataset, recipe.n, recipe.seed)
    rows = cache.example_rows(data)
    groups = _groups(data, rows)
    stimuli = [data.stimuli[k] for k in rows]
    difference = st.toggle("Show their difference", key="difference")
    with st.skeleton(height=PANEL_HEIGHT):
        first, second = cache.examples(recipe, "a", row), cache.examples(recipe, "b", column)
    charts.show(
        figures.example_matrices(
            first, second, stimuli, titles=(f"A: {row}", f"B: {column}"), groups=groups, difference=difference
        ),
        key="examples",
        alt="Similarity of every example stimulus to every other, in both layers.",
        title=f"Examples in {row} and {column}",
        table=lambda: pd.DataFrame(first, index=stimuli, columns=stimuli).reset_index(names="layer of A"),
    )
    order = ", sorted by class" if groups else ""
    st.caption(
        f"{len(rows)} of {len(data)} stimuli{order}. The layers match where both panels show the same pattern: "
        "linear CKA compares exactly these two pictures."
    )


def spectra(recipe: Recipe, matrix: SimilarityMatrix, row: str, column: str) -> None:
    """How the variance of both layers spreads over directions."""
    with st.skeleton(height=PANEL_HEIGHT):
        first, second = cache.spectrum(recipe, "a", row), cache.spectrum(recipe, "b", column)
    labels = f"A: {row}", f"B: {column}"
    found = dict(zip(labels, (first, second), strict=True))
    charts.show(
        figures.spectra({label: one["singular_values"] for label, one in found.items()}),
        key="spectra",
        alt="Share of the variance along each direction of both layers, strongest first.",
        title=f"Spectra of {row} and {column}",
        table=lambda: pd.DataFrame(
            [(label, k + 1, value) for label, one in found.items() for k, value in enumerate(one["singular_values"])],
            columns=["layer", "direction", "singular value"],
        ),
    )
    st.dataframe(
        pd.DataFrame(
            {
                "layer": list(labels),
                "effective rank": [one["effective_rank"] for one in found.values()],
                "participation ratio": [one["participation_ratio"] for one in found.values()],
                "share of the first direction": [one["first_share"] for one in found.values()],
            }
        ),
        hide_index=True,
        column_config={
            "effective rank": st.column_config.NumberColumn(format="%.1f"),
            "participation ratio": st.column_config.NumberColumn(format="%.1f"),
            "share of the first direction": st.column_config.NumberColumn(format="percent"),
        },
    )
    st.caption("One loud direction can carry a whole CKA: look at the share of the first.")


def projection(recipe: Recipe, matrix: SimilarityMatrix, row: str, column: str) -> None:
    """Both clouds in the plane; a lasso in one marks the same stimuli in the other."""
    data = cache.dataset(recipe.dataset, recipe.n, recipe.seed)
    with st.skeleton(height=PANEL_HEIGHT):
        a, b, share_a, share_b = cache.projections(recipe, row, column)
    subject = f"{recipe.key} {row} {column}"
    if st.session_state.get("marks_of") != subject:  # marks belong to one pair of layers
        st.session_state["marks_of"], st.session_state["marks"] = subject, {}
    marks: dict[str, tuple[int, ...]] = st.session_state["marks"]
    sides = (("A", row, a, share_a), ("B", column, b, share_b))
    for slot, own, other, (side, layer, scores, share) in zip(
        st.columns(2), CLOUDS, reversed(CLOUDS), sides, strict=True
    ):
        with slot:
            charts.show(
                figures.projection(
                    scores,
                    data.labels,
                    data.stimuli,
                    title=f"{side}: {layer}",
                    share=share,
                    class_names=data.class_names,
                    selected=marks.get(own),
                ),
                key=own,
                alt=f"Stimuli in the first two directions of the layer of model {side}, by class.",
                title=f"{side} {layer}",
                table=partial(_table, data, scores),
                on_select=_lassoed(own, other),
                selection_mode=("lasso", "box"),
            )
    st.caption(
        "Principal components of each layer; B is turned onto A, which changes no distance. "
        "Draw a lasso in one cloud to mark the same stimuli in the other."
    )
    if marked := sorted({one for each in marks.values() for one in each}):
        st.caption(f"{len(marked)} stimuli marked: {plain(', '.join(data.stimuli[k] for k in marked[:12]))}")


def _lassoed(own: str, other: str) -> Callable[[], None]:
    def remember() -> None:
        # The cloud with the lasso keeps its figure, or the lasso would be wiped; only the other is drawn again.
        points = st.session_state[own].selection.points
        marks = dict(st.session_state["marks"])
        marks.pop(other, None)
        if points:
            marks[other] = tuple(sorted(_number(one["customdata"]) for one in points))
        st.session_state["marks"] = marks

    return remember


def _number(customdata: object) -> int:
    return int(customdata[0]) if isinstance(customdata, (list, tuple)) else int(customdata)  # type: ignore[call-overload]


def _groups(data: Dataset, rows: NDArray[np.intp]) -> list[str] | None:
    if data.labels is None or not data.class_names:
        return None
    return [data.class_names[int(data.labels[k])] for k in rows]


def _table(data: Dataset, scores: NDArray[Any]) -> pd.DataFrame:
    frame = pd.DataFrame({"stimulus": data.stimuli, "direction 1": scores[:, 0], "direction 2": scores[:, 1]})
    if data.labels is not None:
        frame["label"] = [data.class_names[int(one)] for one in data.labels] if data.class_names else data.labels
    return frame
