"""The sanity check of Kornblith et al.: is the most similar layer of another network the corresponding one?"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import InputError
from repsim_core.similarity import compare_layers, measure_named
from repsim_core.types import LayerActivations, ResultTable, SimilarityMatrix

Floats = NDArray[np.float64]
FEWEST_FOR_ERROR = 3  # networks


def twins_found(
    networks: Sequence[LayerActivations],
    measures: Sequence[str],
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[ResultTable], None] | None = None,
) -> ResultTable:
    """Share of layers whose most similar layer in another network is the one at the same place.

    Parameters
    ----------
    networks
        Two or more with the same layers in the same order, on the same stimuli.
    measures
        Keys of ``MEASURES``, with their default options. Asymmetric ones are symmetrised as S + Sᵀ.

    Returns
    -------
    ResultTable
        A line a measure: ``measure``, ``accuracy`` (a tie of t layers with the twin counts 1/t), ``within_one``
        (the best layer is the twin or beside it), ``chance`` of accuracy, ``layers``, ``pairs`` (ordered),
        ``standard_error`` (jackknife over networks, NaN for two), ``undefined`` (rows without any defined cell, which
        count as misses).

    Raises
    ------
    InputError
        For one network, one layer, or networks whose layers do not correspond.

    References
    ----------
    Kornblith et al. (2019), ICML, section 6.1 and table 2. arXiv:1905.00414
    """
    _check(networks)
    progress = progress or no_progress
    pairs = list(combinations(range(len(networks)), 2))
    rows, done = [], 0
    progress(0, len(measures) * len(pairs))
    for name in measures:
        hits = np.full((len(networks), len(networks), 3), np.nan)
        for i, j in pairs:
            score = _symmetric_scores(networks[i], networks[j], name, executor)
            hits[i, j], hits[j, i] = _hits(score), _hits(score.T)
            done += 1
            progress(done, len(measures) * len(pairs))
        rows.append({"measure": name} | _summary(hits, len(networks[0])))
        if on_partial is not None and len(rows) < len(measures):
            on_partial(ResultTable(pd.DataFrame(rows)))
    recipe = {"networks": [one.model for one in networks], "measures": list(measures), "n": len(networks[0].stimuli)}
    return ResultTable(pd.DataFrame(rows), recipe)


def correspond(networks: Sequence[LayerActivations]) -> str:
    """Why the layers of these networks do not correspond, "" if they do."""
    first = networks[0]
    for other in networks[1:]:
        if len(other) != len(first):
            return f"{first.model} has {len(first)} layers here and {other.model} {len(other)}"
        if other.layers != first.layers:
            own, its = next(pair for pair in zip(first.layers, other.layers, strict=True) if pair[0] != pair[1])
            return f"{own} of {first.model} stands where {other.model} has {its}"
    return ""


def _check(networks: Sequence[LayerActivations]) -> None:
    if len(networks) < 2:
        raise InputError(f"Twins are looked for in two networks or more, got {len(networks)}.")
    if len(networks[0]) < 2:
        raise InputError(f"With {len(networks[0])} layer every layer finds its twin; take two or more.")
    if reason := correspond(networks):
        raise InputError(
            f"The layers do not correspond: {reason}. Take networks of one architecture, or choose the same layers."
        )


def _symmetric_scores(a: LayerActivations, b: LayerActivations, name: str, executor: Executor | None) -> Floats:
    """Scores of all pairs of layers, larger is more similar."""
    matrix = compare_layers(a, b, name, executor=executor)
    values = _upright(matrix)
    if not measure_named(name).symmetric:
        values = values + _upright(compare_layers(b, a, name, executor=executor)).T
    return values


def _upright(matrix: SimilarityMatrix) -> Floats:
    return np.asarray(matrix.values if matrix.larger_is_more_similar else -matrix.values)


def _hits(score: Floats) -> Floats:
    """Shares of rows whose best column is the twin, is the twin or beside it, and that have none."""
    exact = near = undefined = 0.0
    for i, row in enumerate(score):
        if not np.isfinite(row).any():
            undefined += 1
            continue
        best = np.flatnonzero(row == np.nanmax(row))
        exact += float(i in best) / len(best)
        near += float((np.abs(best - i) <= 1).mean())
    return np.array([exact, near, undefined]) / len(score)


def _summary(hits: Floats, layers: int) -> dict[str, float | int]:
    count = len(hits)
    accuracy, near, undefined = np.nanmean(hits.reshape(-1, 3), axis=0)
    error = float("nan")
    if count >= FEWEST_FOR_ERROR:
        left = [np.nanmean(np.delete(np.delete(hits[..., 0], k, axis=0), k, axis=1)) for k in range(count)]
        error = float(np.sqrt((count - 1) / count * np.sum((np.array(left) - np.mean(left)) ** 2)))
    return {
        "accuracy": float(accuracy),
        "within_one": float(near),
        "chance": 1 / layers,
        "layers": layers,
        "pairs": count * (count - 1),
        "standard_error": error,
        "undefined": float(undefined),
    }
