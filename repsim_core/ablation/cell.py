"""Similarity and decodability of one cell: a function without side effects, so that any executor may run it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.ablation.grams import SHORTCUTS, Cloud, gram_similarity, without
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
        for k, measure in enumerate(task.asked.measures):
            fresh = None if measure in SHORTCUTS else task.ablated(units)
            numbers[k, 0], reasons[k, 0] = _similarity(task, measure, task.whole, cloud, task.values, fresh)
        if task.probe is not None:
            loss = task.losses(cloud, units, seed)
    for at, (name, intact) in enumerate(task.downstream.items(), start=1):
        try:
            first, second = Cloud.of(intact, name), Cloud.of(down[name], name)
        except DegenerateError as error:
            reasons[:, at] = error.reason
            continue
        for k, measure in enumerate(task.asked.measures):
            numbers[k, at], reasons[k, at] = _similarity(task, measure, first, second, intact, down[name])
    return numbers, reasons, loss


def _similarity(
    task: Task, measure: str, first: Cloud, second: Cloud, values: NDArray[Any], fresh: NDArray[Any] | None
) -> tuple[float, str]:
    try:
        if measure not in SHORTCUTS:
            assert fresh is not None
            return float(score(values, fresh, measure)), ""
        if len(values) < SHORTCUTS[measure].minimum_stimuli:
            return float("nan"), "too_few_stimuli"
        return gram_similarity(first, second, measure, ridge=task.asked.ridge, features=values), ""
    except DegenerateError as error:
        return float("nan"), error.reason


def _blind(task: Task) -> Floats:
    """Losses of a probe that sees no unit."""
    assert task.probe is not None
    if task.probe.kind == "subsets":  # it always says the more frequent side
        return np.full(task.probe.count, WRONG * min(task.inside.mean(), 1 - task.inside.mean()))
    return held_out_losses(
        np.zeros((len(task.inside), 1)), task.inside, scale=1.0, folds=task.probe.count, seed=task.asked.seed
    )
