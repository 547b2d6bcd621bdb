"""More than two networks: one number a pair, summed up from its layer map; a true metric also makes a map of them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import InputError, unknown_name
from repsim_core.similarity import compare_layers, measure_named
from repsim_core.types import LayerActivations, NetworkMatrix, SimilarityMatrix

Floats = NDArray[np.float64]
SUMMARIES: Mapping[str, str] = {
    "best match": "mean over the layers of both networks of their best match in the other",
    "all pairs": "mean over all cells of the layer map",
    "same depth": "mean over layers at equal relative depth; a metric if the measure is one and depths are equal",
}


def compare_networks(
    networks: Sequence[LayerActivations],
    measure: str = "cka",
    *,
    summary: str = "best match",
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[NetworkMatrix], None] | None = None,
    **options: Any,
) -> NetworkMatrix:
    """Every network against every other and itself.

    Parameters
    ----------
    networks
        Three or more, on the same stimuli.
    measure, options
        A key of ``MEASURES`` and its options; asymmetric measures are averaged over both directions.
    summary
        A key of :data:`SUMMARIES`: what makes one number of a layer map.

    Returns
    -------
    NetworkMatrix
        With a map and a tree of the networks where the number is a true metric; ``why_no_map`` says why not.

    Raises
    ------
    UnknownNameError, InputError, StimulusMismatchError

    References
    ----------
    Williams et al. (2021), NeurIPS: shape metrics make such maps meaningful. arXiv:2110.14739
    """
    if summary not in SUMMARIES:
        raise unknown_name("summary", summary, SUMMARIES)
    if len(networks) < 3:
        raise InputError(f"A matrix of networks takes three or more, got {len(networks)}; two make a layer map.")
    entry, progress = measure_named(measure), progress or no_progress
    pairs = list(combinations_with_replacement(range(len(networks)), 2))
    values = np.full((len(networks),) * 2, np.nan)
    names = tuple(one.model for one in networks)

    def found(values: Floats, done: bool) -> NetworkMatrix:
        why = _why_no_map(measure, summary, networks, values) if done else "not all pairs are compared yet"
        positions, share = (np.empty((0, 2)), float("nan")) if why else _plane(values)
        return NetworkMatrix(
            values=values.copy(),
            names=names,
            measure=measure,
            summary=summary,
            bounds=entry.bounds,
            larger_is_more_similar=entry.larger_is_more_similar,
            positions=positions,
            linkage=np.empty((0, 4)) if why else _tree(values),
            plane_share=share,
            recipe={"networks": list(names), "measure": measure, "options": dict(options), "summary": summary},
            why_no_map=why,
        )

    progress(0, len(pairs))
    for done, (i, j) in enumerate(pairs, start=1):
        maps = [compare_layers(networks[i], networks[j], measure, executor=executor, **options)]
        if not entry.symmetric:
            maps.append(compare_layers(networks[j], networks[i], measure, executor=executor, **options))
        values[i, j] = values[j, i] = float(np.mean([_summed_up(one, summary) for one in maps]))
        progress(done, len(pairs))
        if on_partial is not None and done < len(pairs) and j == len(networks) - 1:
            on_partial(found(values, False))
    return found(values, True)


def _summed_up(matrix: SimilarityMatrix, summary: str) -> float:
    """One number of a map; NaN if a layer that it needs has none."""
    if summary == "all pairs":
        return float(matrix.values.mean())
    if summary == "same depth":
        rows, columns = matrix.values.shape
        steps = max(rows, columns)
        down, across = (np.rint(np.linspace(0, size - 1, steps)).astype(int) for size in (rows, columns))
        return float(matrix.values[down, across].mean())
    if not (matrix.defined.any(axis=0).all() and matrix.defined.any(axis=1).all()):
        return float("nan")
    best = np.nanmax if matrix.larger_is_more_similar else np.nanmin
    return float(np.concatenate([best(matrix.values, axis=1), best(matrix.values, axis=0)]).mean())


def _why_no_map(measure: str, summary: str, networks: Sequence[LayerActivations], values: Floats) -> str:
    entry = measure_named(measure)
    if not entry.metric:
        return f"{entry.title} is no metric: distances on a map would mean nothing"
    if summary != "same depth" or len({len(one) for one in networks}) > 1:
        return "only layers at the same depth of equally deep networks give a metric"
    if not np.isfinite(values).all():
        return "a pair is undefined"
    return ""


def _tree(distances: Floats) -> Floats:
    from scipy.cluster.hierarchy import linkage  # here, since importing it takes a while
    from scipy.spatial.distance import squareform

    return np.asarray(linkage(squareform(distances, checks=False), method="average"))


def _plane(distances: Floats) -> tuple[Floats, float]:
    """Classical scaling: positions ``(k, 2)`` and the share of the squared distances they hold."""
    squared = distances**2
    centred = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean())
    lengths, directions = np.linalg.eigh(centred)
    lengths, directions = lengths[::-1], directions[:, ::-1]
    positive = np.clip(lengths, 0, None)  # a metric need not be Euclidean
    positions = directions[:, :2] * np.sqrt(positive[:2])
    positions *= np.sign(positions[np.abs(positions).argmax(axis=0), [0, 1]]) + (positions == 0).all(axis=0)
    return positions, float(positive[:2].sum() / positive.sum()) if positive.any() else float("nan")
