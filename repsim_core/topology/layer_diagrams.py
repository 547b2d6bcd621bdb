"""Diagrams of every layer of a network: the same points everywhere, several subsets, a layer at a time."""

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import DegenerateError, InputError, unknown_name
from repsim_core.topology.clouds import CLOUD_METRICS, NEIGHBOURS, cloud_distances, over_scale
from repsim_core.topology.distances import SCALES
from repsim_core.topology.outliers import LOF_NEIGHBOURS, SHARE, outliers
from repsim_core.topology.rips import rips_of_distances
from repsim_core.topology.rips_cost import affordable, checked_dimension
from repsim_core.topology.subsamples import stratified_subsets
from repsim_core.types import LayerActivations, PersistenceDiagram, Representation
from repsim_core.types.diagrams import PENDING, Diagrams, LayerDiagrams

Found = tuple[tuple[Diagrams, ...], NDArray[np.int64]]


def layer_diagrams(
    activations: LayerActivations,
    *,
    size: int = 300,
    repeats: int = 3,
    seed: int = 0,
    labels: NDArray[Any] | None = None,
    max_dimension: int = 1,
    metric: str = "euclidean",
    neighbours: int = NEIGHBOURS,
    scale: str | None = "quantile",
    outlier_rule: str = "none",
    share: float = SHARE,
    outlier_neighbours: int = LOF_NEIGHBOURS,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[LayerDiagrams], None] | None = None,
) -> LayerDiagrams:
    """Vietoris–Rips diagrams of every layer over the same subsets of its stimuli.

    Parameters
    ----------
    activations
        Layers of one network.
    size, repeats, seed, labels
        As :func:`repsim_core.topology.stratified_subsets` takes them; ``size`` above n means all of them, once.
    max_dimension, metric, neighbours, scale
        As :func:`repsim_core.topology.rips`. The scale is that of the points of a diagram; without one layers do not
        compare. Paths of the geodesic metric stay within a subset.
    outlier_rule, share, outlier_neighbours
        As :func:`repsim_core.topology.outliers`; taken out of each subset, so that every diagram keeps equally many
        points.
    executor, progress, on_partial
        A layer is a task; ``on_partial`` gets what there is after each.

    Returns
    -------
    LayerDiagrams
        A layer whose distances are undefined has a reason instead of diagrams.

    Raises
    ------
    BudgetError, InputError, UnknownNameError
        As the functions above.

    Notes
    -----
    O(n² units) a layer and a complex a subset; memory is that of one distance matrix a thread.

    References
    ----------
    The study is Świder (2024), arXiv:2407.06286; scale, rules and subsets here are ours where it is silent.
    """
    if not activations.layers:
        raise InputError(f"{activations.model}: there is no layer; choose at least one.")
    n = len(activations.stimuli)
    rows = stratified_subsets(n, min(size, n), repeats=repeats, seed=seed, labels=labels)
    affordable(len(rows[0]), checked_dimension(max_dimension))
    if metric not in CLOUD_METRICS:
        raise unknown_name("metric", metric, CLOUD_METRICS)
    if scale is not None and scale not in SCALES:
        raise unknown_name("scale", scale, SCALES)
    outliers(np.zeros((2, 2)), outlier_rule if outlier_rule != "lof" else "knn", share=share)  # refuses early
    options = {
        "max_dimension": max_dimension,
        "metric": metric,
        "neighbours": neighbours,
        "scale": scale,
        "outlier_rule": outlier_rule,
        "share": share,
        "outlier_neighbours": outlier_neighbours,
    }
    recipe = {"size": len(rows[0]), "repeats": len(rows), "seed": seed} | options
    found: dict[str, tuple[Diagrams, ...]] = {}
    removed: dict[str, NDArray[np.int64]] = {}
    reasons: dict[str, str] = {}

    def gathered() -> LayerDiagrams:
        missing = {name: PENDING for name in activations.layers if name not in found and name not in reasons}
        return LayerDiagrams(
            activations.model,
            activations.dataset,
            activations.layers,
            tuple(one.unit_shape for one in activations.values()),
            activations.stimuli,
            np.stack(rows),
            found,
            removed,
            reasons | missing,
            recipe | {"pooling": activations.pooling},
        )

    progress, total = progress or no_progress, len(activations)
    progress(0, total)
    task = partial(_layer, rows, seed, options)
    for done, (name, one) in enumerate(
        zip(activations.layers, mapped(task, activations.values(), executor), strict=True), 1
    ):
        if isinstance(one, str):
            reasons[name] = one
        else:
            found[name], removed[name] = one
        progress(done, total)
        if on_partial is not None and done < total:
            on_partial(gathered())
    return gathered()


def layer_distances(found: LayerDiagrams, layer: Representation, subset: int = 0) -> NDArray[np.float64]:
    """The distances ``(points, points)`` that a diagram was made of; its points are :func:`layer_points`."""
    rows = layer_points(found, layer.layer, subset)
    options = found.recipe
    return cloud_distances(
        _rows(layer, rows), metric=options["metric"], neighbours=options["neighbours"], scale=options["scale"]
    )


def layer_points(found: LayerDiagrams, layer: str, subset: int = 0) -> NDArray[np.int64]:
    """Rows of the stimuli that a diagram was made of, outliers left out."""
    rows = found.subsets[subset]
    return np.asarray(rows[~np.isin(rows, found.removed[layer][subset])] if layer in found.removed else rows)


def _layer(rows: list[NDArray[np.int64]], seed: int, options: dict[str, Any], layer: Representation) -> Found | str:
    """Diagrams of one layer and the rows that were taken out, or why there are none."""
    try:
        return _diagrams(layer, rows, seed, **options)
    except DegenerateError as error:
        return error.reason


def _diagrams(
    layer: Representation,
    rows: list[NDArray[np.int64]],
    seed: int,
    max_dimension: int,
    metric: str,
    neighbours: int,
    scale: str | None,
    outlier_rule: str,
    share: float,
    outlier_neighbours: int,
) -> Found:
    label = f"{layer.model}/{layer.layer}"
    # One product for all subsets, where a distance does not depend on which other points there are.
    shared = None if metric == "geodesic" else cloud_distances(layer, metric=metric)
    found, removed = [], []
    for one in rows:
        if shared is None:
            d = cloud_distances(_rows(layer, one), metric=metric, neighbours=neighbours)
        else:
            d = shared[np.ix_(one, one)]
        out = outliers(d, outlier_rule, share=share, neighbours=outlier_neighbours, seed=seed)
        d = d[np.ix_(out.kept, out.kept)]
        d = d if scale is None else over_scale(d, scale, label=label)
        found.append(tuple(_named(bars, one[out.kept]) for bars in rips_of_distances(d, max_dimension=max_dimension)))
        removed.append(one[out.removed])
    return tuple(found), np.stack(removed)


def _named(diagram: PersistenceDiagram, kept: NDArray[np.int64]) -> PersistenceDiagram:
    """Its points as rows of the stimuli."""
    rows = np.append(kept, -1)  # −1, no point, stays −1
    return PersistenceDiagram(
        diagram.births,
        diagram.deaths,
        diagram.dimension,
        rows[diagram.birth_simplices],
        rows[diagram.death_simplices],
        diagram.recipe,
    )


def _rows(layer: Representation, rows: NDArray[np.int64]) -> Representation:
    stimuli = tuple(layer.stimuli[k] for k in rows)
    return Representation(layer.values[rows], stimuli, layer.model, layer.layer, layer.unit_shape)
