"""The experiment: cells of units switched off one at a time, and what that does to a class and to the layer."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from repsim_core.ablation.layer import ReadyLayer, ready_layer
from repsim_core.ablation.measured import Measured
from repsim_core.ablation.performance import class_labels
from repsim_core.ablation.probes import quiet_fits
from repsim_core.ablation.settings import Settings
from repsim_core.ablation.units import Unit, channel_of, enough_units, equal_count_grid, unit_scores
from repsim_core.compute.progress import Progress, no_progress
from repsim_core.errors import InputError, unknown_name
from repsim_core.models import Model
from repsim_core.models import layers as dry_run
from repsim_core.types import AblationGrid, AblationStudy, Dataset


def ablation_grid(
    model: Model | torch.nn.Module,
    layer: str,
    dataset: Dataset,
    target_class: int | str,
    *,
    downstream: Sequence[str] = (),
    memory_bytes: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[AblationGrid], None] | None = None,
    **settings: Any,
) -> AblationGrid:
    """Units of a layer cut by selectivity and magnitude, one cell after the other switched off.

    Parameters
    ----------
    model, layer, dataset
        ``layer`` as :func:`repsim_core.models.layers` lists it; the dataset needs classes.
    target_class
        Number or name of the class the units are scored for.
    downstream
        Layers behind it whose similarity to the intact ones is measured as well.
    executor
        Runs similarity and probes of the cells side by side.
    progress
        Called as ``progress(done, total)``; raising :class:`Cancelled` stops the run.
    on_partial
        Called with the grid so far after every cell but the last.
    **settings
        ``bins`` (4, from 2 to 12), ``unit`` ("scalar" or "channel"), ``replacement`` ("zero", "mean", "permute"),
        ``measures`` (names of :data:`SHORTCUTS` and of ``similarity.MEASURES``), ``probe`` ("cross_validated",
        "subsets" or None), ``subsets`` (of the second), ``ridge`` (κ of the CCA family), ``seed``, ``batch_size``.

    Returns
    -------
    AblationGrid
        Performance is left out, with the reason, if the outputs of the network are no answers to the classes.

    Raises
    ------
    UnknownNameError, InputError, BudgetError, CaptureError
    DegenerateError
        If the layer is constant (``zero_variance``) or not finite (``non_finite``).

    Notes
    -----
    The model is never touched: a twin that shares its weights is run, from the layer on wherever that gives the same
    numbers. Similarity to the layer itself takes one product of the cell's columns, O(n² · units / cells), and for
    Procrustes, the CCA family and probes a decomposition, O(n³). Measures that are not in :data:`SHORTCUTS` take a
    fresh product each.

    References
    ----------
    Hayne, Jung and Carter (2024), TMLR, OpenReview YY2iA0hfia
    """
    study = ablation_study(
        model,
        dataset,
        [layer],
        [target_class],
        downstream=downstream,
        memory_bytes=memory_bytes,
        executor=executor,
        progress=progress,
        on_partial=None if on_partial is None else lambda found: on_partial(found.grids[-1]),
        refuse=True,
        **settings,
    )
    return study.grids[0]


def ablation_study(
    model: Model | torch.nn.Module,
    dataset: Dataset,
    layers: Sequence[str],
    classes: Sequence[int | str] | None = None,
    *,
    downstream: Sequence[str] = (),
    memory_bytes: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_partial: Callable[[AblationStudy], None] | None = None,
    refuse: bool = False,
    **settings: Any,
) -> AblationStudy:
    """Grids of several layers and classes; takes what :func:`ablation_grid` takes.

    Parameters
    ----------
    classes
        None takes every class that has an image.
    downstream
        Of each layer those that come after it.
    refuse
        Raise for a layer that cannot be cut (too few units, constant); otherwise it is left out, with the reason.

    Returns
    -------
    AblationStudy
        Layers in the order given, and for each its classes.
    """
    asked = Settings(**settings)
    labels = class_labels(dataset)
    wanted = _classes(dataset, labels, classes)
    if not layers:
        raise InputError("No layer was chosen; take one or more.")
    grids: list[AblationGrid] = []
    refused: dict[str, str] = {}
    planned, steps = len(layers) * len(wanted), 2 * asked.bins**2
    progress = progress or no_progress

    def told(begun: int, done: int, _total: int) -> None:
        progress(begun + done, planned * steps)

    def partly(*more: AblationGrid) -> None:
        if on_partial is not None:
            on_partial(AblationStudy((*grids, *more), planned, dict(refused)))

    with quiet_fits():
        for number, layer in enumerate(layers):
            begun = number * len(wanted) * steps
            told(begun, 0, 0)
            try:
                measured = _measured(model, dataset, layer, downstream, asked, memory_bytes, quietly=not refuse)
            except InputError as error:
                if refuse:
                    raise
                refused[layer] = str(error)
                continue
            for target in wanted:
                scores = unit_scores(measured.ready.representation, labels, target, unit=asked.unit)
                cells = list(equal_count_grid(scores.selectivity, scores.magnitude, asked.bins).ravel())
                grids.append(measured.grid(scores, cells, executor, partial(told, begun), partly))
                begun += steps
                if begun < planned * steps:
                    partly()
    progress(planned * steps, planned * steps)
    return AblationStudy(tuple(grids), planned, refused)


def _measured(
    model: Model | torch.nn.Module,
    dataset: Dataset,
    layer: str,
    downstream: Sequence[str],
    asked: Settings,
    memory_bytes: int | None,
    *,
    quietly: bool,
) -> Measured:
    """The layer made ready, with its units counted."""
    behind = _after(model, dataset, layer, downstream) if quietly else downstream
    ready = ready_layer(
        model, layer, dataset, downstream=behind, batch_size=asked.batch_size, memory_bytes=memory_bytes
    )
    enough_units(_unit_count(ready, asked.unit), asked.bins, layer)
    return Measured(ready, asked)


def lesion(
    model: Model | torch.nn.Module,
    layer: str,
    dataset: Dataset,
    target_class: int | str,
    units: Sequence[int] | NDArray[Any],
    *,
    downstream: Sequence[str] = (),
    memory_bytes: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> AblationGrid:
    """The units of one hand-made cell switched off; takes what :func:`ablation_grid` takes, without ``bins``.

    Returns
    -------
    AblationGrid
        Of a single cell; ``cell_of`` is 0 for its units and −1 for the others.
    """
    asked = Settings(**settings, bins=2)
    labels = class_labels(dataset)
    target = _classes(dataset, labels, [target_class])[0]
    progress = progress or no_progress
    ready = ready_layer(
        model, layer, dataset, downstream=downstream, batch_size=asked.batch_size, memory_bytes=memory_bytes
    )
    count = _unit_count(ready, asked.unit)
    chosen = np.unique(np.asarray(units, dtype=np.int64)) if len(units) else np.empty(0, np.int64)
    if len(chosen) and not (chosen[0] >= 0 and chosen[-1] < count):
        raise InputError(f"{layer} has units 0 to {count - 1}, got {chosen[0]} to {chosen[-1]}.")
    with quiet_fits():
        scores = unit_scores(ready.representation, labels, target, unit=asked.unit)
        return Measured(ready, asked).grid(scores, [chosen], executor, progress, lambda _: None, bins=1)


def units_within(
    model: Model | torch.nn.Module,
    layer: str,
    dataset: Dataset,
    target_class: int | str,
    selectivity: tuple[float, float],
    magnitude: tuple[float, float],
    *,
    unit: Unit = "scalar",
) -> NDArray[np.intp]:
    """Units whose scores lie in a rectangle, edges included: what :func:`lesion` takes.

    Raises
    ------
    InputError
        If there are none.
    """
    labels = class_labels(dataset)
    target = _classes(dataset, labels, [target_class])[0]
    ready = ready_layer(model, layer, dataset)
    scores = unit_scores(ready.representation, labels, target, unit=unit)
    (s0, s1), (m0, m1) = sorted(selectivity), sorted(magnitude)
    s, m = scores.selectivity, scores.magnitude
    inside = np.flatnonzero((s >= s0) & (s <= s1) & (m >= m0) & (m <= m1))
    if not len(inside):
        raise InputError(
            f"No unit of {layer} has selectivity {s0:.3g} to {s1:.3g} and magnitude {m0:.3g} to {m1:.3g}; "
            "draw a larger rectangle."
        )
    return inside


def _classes(dataset: Dataset, labels: NDArray[np.int64], asked: Sequence[int | str] | None) -> list[int]:
    present = [int(one) for one in np.unique(labels)]
    if asked is None:
        return present
    found = []
    for one in asked:
        if isinstance(one, str) and one not in dataset.class_names:
            raise unknown_name("class", one, dataset.class_names)
        number = dataset.class_names.index(one) if isinstance(one, str) else int(one)
        if number not in present:
            there = ", ".join(dataset.class_names[k] if dataset.class_names else str(k) for k in present[:12])
            raise InputError(
                f"Class {one} has no image among the {len(labels)} stimuli of {dataset.name}; choose one of {there}, "
                "or take more stimuli."
            )
        found.append(number)
    if not found:
        raise InputError("No class was chosen; take one or more.")
    return found


def _unit_count(ready: ReadyLayer, unit: Unit) -> int:
    return ready.info.units if unit == "scalar" else int(channel_of(ready.info.shape).max()) + 1


def _after(model: Any, dataset: Dataset, layer: str, downstream: Sequence[str]) -> list[str]:
    """Those of the layers that come after this one."""
    if not downstream:
        return []
    order = [one.name for one in dry_run(model, dataset)]
    return [
        one
        for one in downstream
        if one not in order or layer not in order or (order.index(one) > order.index(layer) and one != layer)
    ]
