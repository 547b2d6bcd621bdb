"""Beside the numbers of a map: shuffled stimuli for every cell, and a rough standard error where none is exact."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from repsim_core.inference import calibrated_scores
from repsim_core.similarity import MEASURES
from repsim_core.types import PermutationTest, SimilarityMatrix, SubsampleSpread
from repsim_ui import cache, links, request, sentences
from repsim_ui.map_request import Asked
from repsim_ui.messages import plain

SHUFFLES = {"199": 199, "999": 999}
SHARE_OF_MAP = 0.4  # time of one shuffle over that of the map, measured for embeddings at n = 500
LEVEL = 0.05


@dataclass(frozen=True)
class Statistics:
    """What is known beside the scores so far."""

    test: PermutationTest | None = None
    halves: SubsampleSpread | None = None

    def errors(self, matrix: SimilarityMatrix) -> tuple[NDArray[np.float64], str]:
        """Standard error of each cell and where it comes from; NaN and "" where there is none."""
        if np.isfinite(matrix.standard_error).any():
            return matrix.standard_error, "jackknife" if MEASURES[matrix.measure].method else "over the subsets"
        if self.halves is not None:
            return self.halves.standard_error, "rough, from random halves"
        return matrix.standard_error, ""


def statistics(asked: Asked, matrix: SimilarityMatrix) -> Statistics:
    """Draw both requests and return what there is of them."""
    recipe = asked.recipe
    with st.expander("Above chance? How sure?", key="statistics", on_change="rerun"):
        labels = cache.dataset(recipe.dataset, recipe.n, recipe.seed)
        links.keep_known("shuffles", "Shuffles", SHUFFLES, "199")
        links.start_with("shuffles", "199")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            count = st.segmented_control(
                "Shuffles", list(SHUFFLES), key="shuffles", bind="query-params", required=True, help=_HELP_SHUFFLES
            )
            within = labels.card.task == "classification" and st.toggle(
                "Within classes", key="within", bind="query-params", help=_HELP_WITHIN
            )
        wanted = SHUFFLES[str(count)]
        cost = asked.seconds() * (1 + SHARE_OF_MAP * wanted)
        (found,) = request.results(
            [
                request.of_kind(
                    "significance",
                    {"map": recipe.to_json(), "permutations": wanted, "within_classes": bool(within)},
                    f"{wanted} shuffles of {recipe.a} × {recipe.b}",
                    cost,
                )
            ],
            60,
            said=f"Every cell on {wanted} shuffles of the stimuli of B: {sentences.duration(cost)} here.",
            button="Shuffle",
            name="shuffle",
            linked=False,
        )
        test = found.value
        halves = None
        if not np.isfinite(matrix.standard_error).any() and matrix.defined.any():
            cost = 10 * asked.seconds()
            (spread,) = request.results(
                [request.of_kind("halves", {"map": recipe.to_json()}, f"halves of {recipe.a} × {recipe.b}", cost)],
                60,
                said=f"A rough standard error of every cell from 20 random halves: {sentences.duration(cost)} here.",
                button="Estimate",
                name="halve",
                linked=False,
            )
            halves = spread.value
    if test is not None:
        st.markdown(_summary(test))
    return Statistics(test, halves)


def cell(statistics: Statistics, matrix: SimilarityMatrix, row: str, column: str) -> str:
    """The shuffles of one cell in words, "" without them."""
    test = statistics.test
    if test is None:
        return ""
    i, j = matrix.rows.index(row), matrix.columns.index(column)
    if not np.isfinite(test.p[i, j]):
        return "This cell has no test: it is undefined, as it came or shuffled."
    calibrated = ""
    if matrix.larger_is_more_similar and np.isfinite(matrix.bounds[1]):
        score = calibrated_scores(test, best=matrix.bounds[1])[i, j]
        calibrated = f" Calibrated score {score:.3f} (0 at the 95 % point of the shuffles)."
    return (
        f"Shuffled: mean {test.null_mean[i, j]:.3f}, p = {test.p[i, j]:.2g} for this cell, "
        f"{test.p_over_all[i, j]:.2g} against the best of all {test.p.size} cells; "
        f"best match of {plain(row)}: p = {test.p_of_best_match[i]:.2g}.{calibrated}"
    )


def _summary(test: PermutationTest) -> str:
    defined = np.isfinite(test.p)
    done = test.permutations
    return (
        f"{done} shuffles: **{int((test.p[defined] <= LEVEL).sum())}** of {int(defined.sum())} cells have p ≤ {LEVEL} "
        f"alone, **{int((test.p_over_all[defined] <= LEVEL).sum())}** against the best of all cells; "
        f"{int((test.p_of_best_match <= LEVEL).sum())} of {len(test.rows)} layers of A have a best match beyond "
        f"chance. The least possible p is {1 / (done + 1):.2g}."
    )


_HELP_SHUFFLES = (
    "How often the stimuli of B are shuffled, the same way for all pairs of layers. "
    "p cannot fall below 1/(shuffles + 1)."
)
_HELP_WITHIN = (
    "Free shuffles ask: is there any relation? Shuffles within classes ask: are the layers alike beyond the classes?"
)
