"""Statistics of one cell: whether the score has settled in n, and where it lies among shuffled stimuli."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from repsim_core import figures
from repsim_core.similarity import MEASURES
from repsim_core.types import PermutationTest, SimilarityMatrix
from repsim_ui import charts, estimates, links, request, sentences
from repsim_ui.map_request import Asked
from repsim_ui.messages import plain

PANEL_HEIGHT = 380
SUBSETS = 70  # of the curve


def stimuli_needed(asked: Asked, matrix: SimilarityMatrix, row: str, column: str) -> None:
    """The score of this pair against the number of stimuli, for one measure or several."""
    own = asked.recipe.measure
    links.keep_several("also", "Measure", [one for one in MEASURES if one != own])
    also = st.multiselect(
        "Measures beside this one",
        [one for one in MEASURES if one != own],
        key="also",
        bind="query-params",
        placeholder="None",
    )
    recipes = [asked.recipe, *(replace(asked.recipe, measure=one, options=()) for one in also)]
    parts = [
        request.of_kind(
            "curve",
            {"map": one.to_json(), "row": row, "column": column},
            f"{row} and {column} against n",
            SUBSETS * estimates.pair_seconds(one),
        )
        for one in recipes
    ]
    cost = sum(part.seconds for part in parts)
    found = request.results(
        parts,
        PANEL_HEIGHT,
        said=f"{plain(row)} and {plain(column)} on {SUBSETS} random subsets of the stimuli: "
        f"{sentences.duration(cost)} here.",
        name="compute_curve",
        linked=False,
    )
    curves = {one.measure: part.value for one, part in zip(recipes, found, strict=True) if part.value is not None}
    if not curves:
        return
    charts.show(
        figures.score_against_n(curves, score=own if len(curves) == 1 else "score"),
        key="curve",
        alt="Score of this pair of layers against the number of stimuli, with the spread over random subsets.",
        title=f"{row} and {column} against n",
        table=lambda: pd.concat([one.to_frame().assign(measure=name) for name, one in curves.items()]),
    )
    for name, one in curves.items():
        st.markdown(f"**{plain(name)}**: {plain(one.sentence)}")
    st.caption(
        "The band is the spread over ten random orders of the stimuli. Settled means that more of the same stimuli "
        "change little; a biased measure can look settled and still be far off."
    )


def shuffles(matrix: SimilarityMatrix, test: PermutationTest | None, row: str, column: str) -> None:
    """Scores of the shuffles of this cell."""
    if test is None:
        st.info("Open *Above chance? How sure?* above the map and shuffle the stimuli first.")
        return
    i, j = matrix.rows.index(row), matrix.columns.index(column)
    charts.show(
        figures.null_histogram(test.null[:, i, j], float(test.seen[i, j]), score=matrix.measure, p=float(test.p[i, j])),
        key="null",
        alt="Scores of this pair of layers with the stimuli shuffled, and the score that was seen.",
        title=f"Shuffles of {row} and {column}",
        table=lambda: pd.DataFrame({"shuffle": range(1, test.permutations + 1), "score": test.null[:, i, j]}),
    )
    st.caption("Each shuffle gives the stimuli of B another order, the same for all pairs of layers.")
