"""How the diagrams of two layers become each other: a best matching of their bars, and their distances."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from repsim_core import topology
from repsim_core.figures.diagram_links import diagram_matching
from repsim_core.topology import DIAGRAM_DISTANCES
from repsim_core.types import PersistenceDiagram
from repsim_ui import charts, topology_bar, topology_controls
from repsim_ui.topology_controls import Asked, Chosen

PANEL_HEIGHT = 460


def matching(asked: Asked, chosen: Chosen, subset: int) -> None:
    """How the diagrams of both layers become each other."""
    if len(chosen) < 2:
        st.info("The diagrams of the other network are not there yet.")
        return
    (first, _), (second, _) = chosen["a"], chosen["b"]
    k = topology_controls.dimension(min(first.dimensions, second.dimensions) - 1)
    if topology_bar.meant(first, second):
        matched(asked, chosen, subset, k)


def matched(asked: Asked, chosen: Chosen, subset: int, k: int) -> None:
    """Both diagrams of one dimension, the moves between them, and their distances."""
    (first, row), (second, column) = chosen["a"], chosen["b"]
    if row not in first.diagrams or column not in second.diagrams:
        st.info("One of the two layers has no diagram.")
        return
    a, b = first.of(row, k)[subset], second.of(column, k)[subset]
    with st.skeleton(height=PANEL_HEIGHT):
        moves = topology.diagram_matching(a, b)
        numbers = pd.DataFrame(
            [
                {"distance": kind.replace("_", " "), "value": topology.diagram_distance(a, b, kind, unequal_n=True)}
                for kind in DIAGRAM_DISTANCES
            ]
        )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            diagram_matching(a, b, moves, names=(f"A {row}", f"B {column}"), unit=asked.unit),
            key="matching",
            alt="Both persistence diagrams on one scale with the moves of a best matching.",
            title=f"Matching of {row} and {column} in H{k}",
            table=lambda: _moves_table(a, b, moves),
        )
    with right:
        st.dataframe(
            numbers,
            hide_index=True,
            key="matching_numbers",
            column_config={"value": st.column_config.NumberColumn(format="%.4g")},
        )
        st.caption(
            f"H{k} on subset {subset + 1}. The lines are a best matching for the Wasserstein distance: every bar moves "
            "to one of the other layer or to the diagonal, where bars have no length. The bottleneck distance is the "
            "longest move that cannot be avoided."
        )


def _moves_table(a: PersistenceDiagram, b: PersistenceDiagram, moves: NDArray[np.int64]) -> pd.DataFrame:
    rows = []
    for i, j in moves.tolist():
        one = (a.births[i], a.deaths[i]) if i >= 0 else (np.nan, np.nan)
        other = (b.births[j], b.deaths[j]) if j >= 0 else (np.nan, np.nan)
        rows.append((i + 1, j + 1, *one, *other))
    return pd.DataFrame(rows, columns=["bar of A", "bar of B", "birth A", "death A", "birth B", "death B"])
