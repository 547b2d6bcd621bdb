"""Similarity and decodability of one cell: a function without side effects, so that any executor may run it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.ablation.grams import SHORTCUTS, Cloud, Pair, without
from repsim_core.ablation.probes import WRONG, held_out_losses, subset_losses
from repsim_core.ablation.settings import Probe, Settings
from repsim_core.errors import DegenerateError
from repsim_core.similarity import score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ProbeSettings:
    """What is fitted to every cell: the kind, folds or subsets, and the common factor of the responses."""

    kind: Probe
    count: int
    scale: float


@dataclass(frozen=True, eq=False)
class Task:
    """What every cell of a grid shares; the task of an executor, so everything in it travels."""

    values: NDArray[Any]
    layer: str
    whole: Cloud
    asked: Settings
    order: NDArray[np.intp] | None
    inside: NDArray[np.bool_]
    probe: ProbeSettings | None
    downstream: dict[str, NDArray[Any]]

    def losses(self, cloud: Cloud, units: NDArray[np.intp], seed: int) -> Floats:
        """Losses of the probe without some units."""
        assert self.probe is not None
        if self.probe.kind == "cross_validated":
            return held_out_losses(
                cloud.factor, self.inside, scale=self.probe.scale, folds=self.probe.count, seed=self.asked.seed
            )
        kept = np.setdiff1d(np.arange(self.values.shape[1]), units)
        return subset_losses(self.values, kept, self.inside, subsets=self.probe.count, seed=seed)

    def ablated(self, units: NDArray[np.intp]) -> NDArray[Any]:
        """The responses with the units replaced, for measures without a shortcut."""
        changed = np.array(self.values)
        if self.order is not None:
            changed[:, units] = self.values[np.ix_(self.order, units)]
        else:
            mean = self.asked.replacement == "mean"
            changed[:, units] = self.values[:, units].mean(axis=0, dtype=np.float64) if mean else 0
        return changed


def cell_measures(work: tuple[Task, NDArray[np.intp], dict[str, NDArray[Any]], int]) -> tuple[Floats, Any, Any]:
    """Similarities ``(measures, places)``, their reasons, and the losses of the probe of one cell."""
    task, units, down, seed = work
    places = 1 + len(task.downstream)
    numbers = np.full((len(task.asked.measures), places), np.nan)
    reasons = np.full(numbers.shape, "", dtype="<U32")
    loss: Any = np.nan
    try:
        cloud = without(task.whole, task.values, units, order=task.order, label=task.layer)
    except DegenerateError as error:
        reasons[:, 0] = error.reason
        if task.probe is not None:  # nothing varies: the probe knows how frequent the class is, and no more
            loss = _blind(task)
    else:
        whole = None if set(task.asked.measures) <= set(SHORTCUTS) else task.ablated(units)
        _fill(task, task.whole, cloud, task.values, whole, numbers[:, 0], reasons[:, 0])
        if task.probe is not None:
            loss = task.losses(cloud, units, seed)
    for at, (name, intact) in enumerate(task.downstream.items(), start=1):
        try:
            first, second = Cloud.of(intact, name), Cloud.of(down[name], name)
        except DegenerateError as error:
            reasons[:, at] = error.reason
        else:
            _fill(task, first, second, intact, down[name], numbers[:, at], reasons[:, at])
    return numbers, reasons, loss


def _fill(
    task: Task,
    first: Cloud,
    second: Cloud,
    values: NDArray[Any],
    changed: NDArray[Any] | None,
    numbers: NDArray[Any],
    reasons: NDArray[Any],
) -> None:
    """Every measure of one place; responses ``changed`` are needed for those without a shortcut."""
    weighed = values if "ridge_pwcca" in task.asked.measures else None
    pair = Pair(first, second, ridge=task.asked.ridge, features=weighed)
    for k, measure in enumerate(task.asked.measures):
        try:
            if measure not in SHORTCUTS:
                assert changed is not None
                numbers[k] = score(values, changed, measure)
            elif len(values) < SHORTCUTS[measure].minimum_stimuli:
                reasons[k] = "too_few_stimuli"
            else:
                numbers[k] = pair.value(measure)
        except DegenerateError as error:
            reasons[k] = error.reason


def _blind(task: Task) -> Floats:
    """Losses of a probe that sees no unit."""
    assert task.probe is not None
    if task.probe.kind == "subsets":  # it always says the more frequent side
        return np.full(task.probe.count, WRONG * min(task.inside.mean(), 1 - task.inside.mean()))
    return held_out_losses(
        np.zeros((len(task.inside), 1)), task.inside, scale=1.0, folds=task.probe.count, seed=task.asked.seed
    )
