"""Sentences filled from results: no number is typed in prose."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from repsim_core.similarity import MEASURES, Measure
from repsim_core.types import SimilarityMatrix
from repsim_ui.messages import plain, reason_sentence


def claim(measure: Measure, options: Mapping[str, Any] = MappingProxyType({})) -> str:
    """What a measure asks, which way it runs, what it overlooks and what chance gives, under some options."""
    claims = measure.claims_of(options)
    direction = "larger is more similar" if measure.larger_is_more_similar else "smaller is more similar"
    low, high = (f"{one:g}" if np.isfinite(one) else "unbounded" for one in claims.bounds)
    overlooks = ", ".join(sorted(claims.invariant_to)) or "nothing"
    reads = f"  \n{plain(claims.direction)}" if claims.direction else ""
    return (
        f"**{plain(measure.title)}.** {plain(measure.description)}  \n"
        f"From {low} to {high}, {direction}. Chance: {plain(claims.chance)}. Overlooks: {plain(overlooks)}."
        f"{reads}"
    )


def chance_range(matrix: SimilarityMatrix) -> str:
    """The chance level of the cells, or that it is not known."""
    known = matrix.chance[np.isfinite(matrix.chance)]
    if not known.size:
        return "chance level unknown in closed form"
    low, high = f"{known.min():.2f}", f"{known.max():.2f}"
    return f"chance {low}" if low == high else f"chance {low} to {high}"


def summary(matrix: SimilarityMatrix) -> str:
    """Size, n, direction, chance level, and how many layers find their best match at their own place."""
    direction = "larger is more similar" if matrix.larger_is_more_similar else "smaller is more similar"
    parts = [
        f"{len(matrix.rows)} × {len(matrix.columns)} layers",
        f"n = {matrix.n_stimuli}",
        direction,
        chance_range(matrix),
    ]
    if matrix.rows == matrix.columns and matrix.model_a == matrix.model_b:
        parts.append("a network compared with itself, so the diagonal says nothing")
    elif matrix.rows == matrix.columns and matrix.defined.any():
        best, _ = matrix.best_match()
        own = int(np.sum(best == np.arange(len(best))))
        parts.append(f"{own} of {len(best)} layers of A are most similar to the layer of the same name in B")
    return plain("; ".join(parts)) + "."


def finding(matrix: SimilarityMatrix) -> str:
    """One sentence on a result: its most and its least similar pair of layers."""
    if not matrix.defined.any():
        return "no cell of this map is defined."
    score = np.where(matrix.defined, matrix.values if matrix.larger_is_more_similar else -matrix.values, np.nan)
    if matrix.rows == matrix.columns and matrix.model_a == matrix.model_b and score.size > 1:
        np.fill_diagonal(score, np.nan)  # every layer is like itself
        if np.isnan(score).all():
            return "no cell beside the diagonal is defined."
    words = []
    for name, flat in (("most alike", np.nanargmax(score)), ("least alike", np.nanargmin(score))):
        i, j = np.unravel_index(flat, score.shape)
        words.append(f"{name} are {matrix.rows[i]} and {matrix.columns[j]} ({matrix.values[i, j]:.2f})")
    return plain(f"{words[0]}, {words[1]}; {chance_range(matrix)}.")


def undefined(matrix: SimilarityMatrix) -> str:
    """Why some cells are hatched, or ""."""
    missing = int(np.sum(~matrix.defined))
    if not missing:
        return ""
    codes, counts = np.unique(matrix.reasons[~matrix.defined], return_counts=True)
    why = "; ".join(f"{count} because {reason_sentence(str(code))}" for code, count in zip(codes, counts, strict=True))
    return plain(f"{missing} of {matrix.values.size} cells are undefined and hatched: {why}.")


def cell(matrix: SimilarityMatrix, row: str, column: str, *, error: float = float("nan"), source: str = "") -> str:
    """The chosen cell in words, with its standard error and where that comes from."""
    i, j = matrix.rows.index(row), matrix.columns.index(column)
    value, chance = matrix.values[i, j], matrix.chance[i, j]
    if not np.isfinite(value):
        return plain(f"Undefined: {reason_sentence(str(matrix.reasons[i, j]))}.")
    beside = f", chance {chance:.3f}" if np.isfinite(chance) else ""
    title = MEASURES[matrix.measure].title if matrix.measure in MEASURES else matrix.measure
    sure = f" ± {error:.2g}" if np.isfinite(error) else ""
    where = f" ({source})" if sure and source else ""
    return f"**{value:.3f}**{sure}{plain(where)} {plain(f'{title}{beside}, n = {matrix.n_stimuli}')}"


def subsets(matrix: SimilarityMatrix) -> tuple[int, int, int]:
    """Of a divergence: subsets so far, subsets asked for, stimuli in each."""
    options = matrix.recipe.get("options", {})
    batch = options.get("batch") or min(500, matrix.n_stimuli)
    trials = int(matrix.recipe.get("trials_total", 1))
    return int(matrix.recipe.get("trials_done", trials)), trials, int(batch)


def divergence_cell(matrix: SimilarityMatrix, row: str, column: str) -> str:
    """The chosen cell of a divergence with what belongs beside its number."""
    i, j = matrix.rows.index(row), matrix.columns.index(column)
    value, error = matrix.values[i, j], matrix.standard_error[i, j]
    if not np.isfinite(value):
        return plain(f"Undefined: {reason_sentence(str(matrix.reasons[i, j]))}.")
    done, trials, batch = subsets(matrix)
    number = f"**{value:.3f}**" + (f" ± {error:.2g}" if np.isfinite(error) else "")
    title = MEASURES[matrix.measure].title if matrix.measure in MEASURES else matrix.measure
    counted = f"{done} of {trials} subsets" if done < trials else f"{trials} subset{'s' if trials > 1 else ''}"
    return f"{number} {plain(f'{title}, batch {batch}, {counted}')}"


def duration(seconds: float) -> str:
    """``under a second``, ``about 40 s``, ``about 3 min``."""
    if seconds < 1:
        return "under a second"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"
