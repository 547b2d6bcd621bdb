"""Diagrams of many layers compared: every layer with every other, each with the next, network with network."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.progress import Progress, mapped, no_progress
from repsim_core.errors import InputError, unknown_name
from repsim_core.topology.diagram_distances import DIAGRAM_DISTANCES, diagram_distance
from repsim_core.types import PersistenceDiagram, SimilarityMatrix
from repsim_core.types.diagram_results import DiagramComparison, Smoothness
from repsim_core.types.diagrams import PENDING, LayerDiagrams

Sides = tuple[tuple[PersistenceDiagram, ...], tuple[PersistenceDiagram, ...]]
Floats = NDArray[np.float64]


def compare_diagrams(
    a: LayerDiagrams,
    b: LayerDiagrams,
    dimension: int = 1,
    *,
    kind: str = "sliced_wasserstein",
    unequal_n: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[SimilarityMatrix], None] | None = None,
    **options: Any,
) -> SimilarityMatrix:
    """Distance of the diagrams of every layer of ``a`` from those of every layer of ``b``.

    Each subset gives a value, the r-th of one side with the r-th of the other; a cell is their mean, with its standard
    error. Where both sides have the same subsets, the same stimuli are compared.

    Parameters
    ----------
    dimension, kind, unequal_n, options
        As :func:`repsim_core.topology.diagram_distance`.
    executor, progress, on_partial
        A row is a task; ``on_partial`` gets the matrix with what there is after each.

    Returns
    -------
    SimilarityMatrix
        Distances, at least 0 and without an upper bound; NaN with the reason of the layer where it has no diagrams.

    Raises
    ------
    InputError, UnknownNameError
        For sides that do not compare: other numbers of points, metrics, scales, or a dimension that is not there.
    """
    _comparable(a, b, dimension, kind, unequal_n)
    repeats = min(len(a.subsets), len(b.subsets))
    same = a is b
    task = partial(_row, b, dimension, repeats, kind, unequal_n, options)
    rows = [(a.of(layer, dimension), b.layers[k:] if same else b.layers) for k, layer in enumerate(a.layers)]
    values = np.full((len(a.layers), len(b.layers), repeats), np.nan)
    progress, done = progress or no_progress, 0
    progress(0, len(rows))
    for k, found in enumerate(mapped(task, rows, executor)):
        values[k, len(b.layers) - len(found) :] = found
        if same:
            values[k:, k] = found
        done = k + 1
        progress(done, len(rows))
        if on_partial is not None and done < len(rows):
            on_partial(_matrix(a, b, dimension, kind, values, done, options))
    return _matrix(a, b, dimension, kind, values, done, options)


def compare_networks(
    a: LayerDiagrams,
    b: LayerDiagrams,
    dimension: int = 1,
    *,
    kind: str = "sliced_wasserstein",
    unequal_n: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[DiagramComparison], None] | None = None,
    **options: Any,
) -> DiagramComparison:
    """Every matrix of two networks, and the steps of both, which come first.

    Takes what :func:`compare_diagrams` takes; with ``b`` the same object as ``a`` there is one matrix.
    """
    same = a is b
    # The steps do not compare the networks, so they are there even where the matrices are refused.
    sides = {"a": a} if same else {"a": a, "b": b}
    steps = {name: smoothness(one, dimension, kind=kind, executor=executor, **options) for name, one in sides.items()}
    wanted = {"a × a": (a, a)} if same else {"a × b": (a, b), "a × a": (a, a), "b × b": (b, b)}
    progress, total = progress or no_progress, sum(len(first.layers) for first, _ in wanted.values())
    found: dict[str, SimilarityMatrix] = {}
    before = 0
    for name, (first, second) in wanted.items():

        def told(done: int, _: int, before: int = before) -> None:
            progress(before + done, total)

        def kept(matrix: SimilarityMatrix, name: str = name) -> None:
            if on_partial is not None:
                on_partial(DiagramComparison(found | {name: matrix}, steps))

        found[name] = compare_diagrams(
            first,
            second,
            dimension,
            kind=kind,
            unequal_n=unequal_n,
            executor=executor,
            progress=told,
            on_partial=kept,
            **options,
        )
        before += len(first.layers)
    return DiagramComparison(found, steps)


def smoothness(
    found: LayerDiagrams,
    dimension: int = 1,
    *,
    kind: str = "sliced_wasserstein",
    executor: Executor | None = None,
    **options: Any,
) -> Smoothness:
    """How far the topology moves from each layer to the next.

    The study's question whether deeper networks change topology more smoothly compares the mean step; the sum grows
    with the number of layers by itself.

    References
    ----------
    Świder (2024), arXiv:2407.06286; the definition is ours.
    """
    _comparable(found, found, dimension, kind, False)
    pairs = list(zip(found.layers, found.layers[1:], strict=False))
    sides = [(found.of(one, dimension), found.of(other, dimension)) for one, other in pairs]
    task = partial(_apart, len(found.subsets), kind, False, options)
    steps = np.array(list(mapped(task, sides, executor))).reshape(len(pairs), len(found.subsets))
    return Smoothness(steps, found.layers, {"kind": kind, "dimension": dimension} | options)


def model_distances(
    models: Sequence[LayerDiagrams],
    dimension: int = 1,
    *,
    kind: str = "sliced_wasserstein",
    executor: Executor | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> SimilarityMatrix:
    """Mean distance of the diagrams of every two networks at matched relative depth.

    The deeper of two networks gives the depths; each is met by the nearest layer of the other. 0 for a network with
    itself, symmetric. Pairs of layers of which one has no diagrams are left out.

    Raises
    ------
    InputError
        For fewer than one network, or networks that do not compare.
    """
    if not models:
        raise InputError("There is no network to compare; give at least one.")
    for one in models:
        _comparable(models[0], one, dimension, kind, False)
    pairs = [(i, j) for i in range(len(models)) for j in range(i, len(models))]
    task = partial(_models_apart, dimension, kind, options)
    values = np.full((len(models), len(models)), np.nan)
    errors = np.full_like(values, np.nan)
    progress = progress or no_progress
    progress(0, len(pairs))
    sides = [(models[i], models[j]) for i, j in pairs]
    for done, ((i, j), found) in enumerate(zip(pairs, mapped(task, sides, executor), strict=True), 1):
        values[i, j] = values[j, i] = found.mean()
        errors[i, j] = errors[j, i] = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
        progress(done, len(pairs))
    names = tuple(one.model for one in models)
    blank = _blank(models[0], models[0], dimension, kind, options)
    shapes = tuple((len(one.layers),) for one in models)
    return replace(
        blank,
        values=values,
        rows=names,
        columns=names,
        reasons=np.where(np.isfinite(values), "", "no_common_layer"),
        chance=np.full_like(values, np.nan),
        standard_error=errors,
        model_a="network",
        model_b="network",
        row_shapes=shapes,
        column_shapes=shapes,
    )


def _comparable(a: LayerDiagrams, b: LayerDiagrams, dimension: int, kind: str, unequal_n: bool) -> None:
    if kind not in DIAGRAM_DISTANCES:
        raise unknown_name("diagram distance", kind, DIAGRAM_DISTANCES)
    for one in (a, b):
        if one.done and not 0 <= dimension < one.dimensions:
            raise InputError(
                f"{one.model} has diagrams of dimension 0 to {one.dimensions - 1}, not {dimension}; "
                "compute them with a larger max_dimension."
            )
    for name in ("metric", "scale", "neighbours"):
        first, second = a.recipe.get(name), b.recipe.get(name)
        if first != second and (name != "neighbours" or a.recipe.get("metric") == "geodesic"):
            raise InputError(f"{a.model} has {name} {first!r}, {b.model} {second!r}; compute both alike.")
    if a.points != b.points and not unequal_n:
        raise InputError(
            f"{a.model} has diagrams of {a.points} points, {b.model} of {b.points}. A diagram has more and shorter "
            "bars the more points it is made of, so their distance would tell the numbers apart, not the shapes: take "
            f"{min(a.points, b.points)} points on both sides, or say unequal_n=True."
        )


def _row(
    b: LayerDiagrams,
    dimension: int,
    repeats: int,
    kind: str,
    unequal_n: bool,
    options: dict[str, Any],
    row: tuple[tuple[PersistenceDiagram, ...], tuple[str, ...]],
) -> Floats:
    own, columns = row
    return np.array([_apart(repeats, kind, unequal_n, options, (own, b.of(one, dimension))) for one in columns])


def _apart(repeats: int, kind: str, unequal_n: bool, options: dict[str, Any], sides: Sides) -> Floats:
    """Distances subset by subset; NaN where a side has no diagrams."""
    first, second = sides
    if not first or not second:
        return np.full(repeats, np.nan)
    return np.array(
        [diagram_distance(first[r], second[r], kind, unequal_n=unequal_n, **options) for r in range(repeats)]
    )


def _models_apart(
    dimension: int, kind: str, options: dict[str, Any], sides: tuple[LayerDiagrams, LayerDiagrams]
) -> Floats:
    deep, other = sorted(sides, key=lambda one: -len(one.layers))
    repeats = min(len(one.subsets) for one in sides)
    found = []
    for k, layer in enumerate(deep.layers):
        depth = k / max(len(deep.layers) - 1, 1)
        near = other.layers[int(depth * (len(other.layers) - 1) + 0.5)]
        found.append(_apart(repeats, kind, False, options, (deep.of(layer, dimension), other.of(near, dimension))))
    known = np.array([one for one in found if np.isfinite(one).all()])
    return np.asarray(known.mean(axis=0)) if len(known) else np.full(repeats, np.nan)


def _matrix(
    a: LayerDiagrams,
    b: LayerDiagrams,
    dimension: int,
    kind: str,
    values: NDArray[np.float64],
    done: int,
    options: dict[str, Any],
) -> SimilarityMatrix:
    count = values.shape[2]
    mean = values.mean(axis=2)
    errors = values.std(axis=2, ddof=1) / np.sqrt(count) if count > 1 else np.full(mean.shape, np.nan)
    own, other = (np.array([one.reasons.get(layer, "") for layer in one.layers]) for one in (a, b))
    reasons = np.where(own[:, None] != "", own[:, None], other[None, :])
    reasons = np.where(np.isnan(mean) & (reasons == ""), PENDING, reasons)
    blank = _blank(a, b, dimension, kind, options)
    recipe = blank.recipe | {"rows_done": done, "rows_total": len(a.layers)}
    return replace(blank, values=mean, reasons=reasons, standard_error=errors, recipe=recipe)


def _blank(a: LayerDiagrams, b: LayerDiagrams, dimension: int, kind: str, options: dict[str, Any]) -> SimilarityMatrix:
    """The labels of a matrix, so far without a number."""
    shape = len(a.layers), len(b.layers)
    return SimilarityMatrix(
        values=np.full(shape, np.nan),
        rows=a.layers,
        columns=b.layers,
        measure=f"{kind} H{dimension}",
        bounds=(0.0, np.inf),
        larger_is_more_similar=False,
        reasons=np.full(shape, PENDING),
        chance=np.full(shape, np.nan),
        n_stimuli=a.points,
        model_a=a.model,
        model_b=b.model,
        dataset=a.dataset,
        row_shapes=a.shapes,
        column_shapes=b.shapes,
        recipe={"kind": kind, "dimension": dimension, "subsets": len(a.subsets)} | options | {"diagrams": a.recipe},
    )
