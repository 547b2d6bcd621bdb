"""Questions about stimuli that a layer may point at or be probed for: the classes of a dataset, and what follows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.alignment import Targets, class_targets
from repsim_core.errors import InputError, unknown_name
from repsim_core.types import Dataset, DatasetCard

ALL = "all classes"
ONE = "class "


@dataclass(frozen=True)
class Task:
    """A question, where it can be asked, and its answer for every stimulus."""

    name: str
    description: str
    fits: Callable[[DatasetCard], bool]
    answers: Callable[[Dataset], tuple[NDArray[Any], tuple[str, ...]]]  # labels, and class names or ()


def _labels(data: Dataset) -> NDArray[Any]:
    if data.labels is None:
        raise InputError(f"{data.name} has no labels; choose a dataset with classes or a number to predict.")
    return data.labels


def _binary(data: Dataset, yes: NDArray[np.bool_], no_name: str, yes_name: str) -> tuple[NDArray[Any], tuple[str, str]]:
    return yes.astype(np.int64), (no_name, yes_name)


def _intensity(data: Dataset) -> NDArray[np.float64]:
    return np.asarray(data.inputs.reshape(len(data), -1).mean(axis=1), dtype=np.float64)


def _shuffled(data: Dataset) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The labels in an order that belongs to the stimulus ids' number and the seed of the dataset alone."""
    order = np.random.default_rng(data.seed).permutation(len(data))
    return _labels(data)[order], data.class_names


_DIGITS = ("digits",)
TASKS: dict[str, Task] = {
    one.name: one
    for one in (
        Task(
            ALL,
            "the labels of the dataset, every class against the rest, or its numbers",
            lambda card: card.task != "none",
            lambda data: (_labels(data), data.class_names),
        ),
        Task(
            "five and up",
            "is the digit five or more?",
            lambda card: card.name in _DIGITS,
            lambda data: _binary(data, _labels(data) >= 5, "below five", "five and up"),
        ),
        Task(
            "four and up",
            "is the digit four or more?",
            lambda card: card.name in _DIGITS,
            lambda data: _binary(data, _labels(data) >= 4, "below four", "four and up"),
        ),
        Task(
            "six and up",
            "is the digit six or more?",
            lambda card: card.name in _DIGITS,
            lambda data: _binary(data, _labels(data) >= 6, "below six", "six and up"),
        ),
        Task(
            "odd",
            "is the digit odd?",
            lambda card: card.name in _DIGITS,
            lambda data: _binary(data, _labels(data) % 2 == 1, "even", "odd"),
        ),
        Task(
            "digit",
            "which digit, whatever its angle?",
            lambda card: card.name == "digits_rotated",
            lambda data: (_labels(data) // 4, tuple(map(str, range(10)))),
        ),
        Task(
            "angle",
            "which angle, whatever the digit?",
            lambda card: card.name == "digits_rotated",
            lambda data: (_labels(data) % 4, ("0", "90", "180", "270")),
        ),
        Task(
            "bright",
            "is the mean over all pixels above its median over these stimuli?",
            lambda card: card.kind == "image",
            lambda data: _binary(data, _intensity(data) > np.median(_intensity(data)), "dark", "bright"),
        ),
        Task(
            "brightness",
            "the mean over all pixels, a number",
            lambda card: card.kind == "image",
            lambda data: (_intensity(data), ()),
        ),
        Task(
            "shuffled",
            "the labels in random order: no stimulus knows its own",
            lambda card: card.task != "none",
            _shuffled,
        ),
    )
}


def tasks_for(card: DatasetCard) -> list[str]:
    """Names of the tasks this dataset can be asked for, every class by itself at the end."""
    found = [name for name, task in TASKS.items() if task.fits(card)]
    if card.task == "classification" and 2 < len(card.classes) <= 40:
        found += [f"{ONE}{name}" for name in card.classes]
    return found


def task_answers(data: Dataset, task: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The answer of each stimulus, and the names of the classes (none for a number).

    Raises
    ------
    UnknownNameError
        If the dataset cannot be asked that.
    """
    known = tasks_for(data.card)
    if task not in known:
        raise unknown_name(f"task for {data.name}", task, known)
    if task.startswith(ONE):
        name = task.removeprefix(ONE)
        return _binary(data, _labels(data) == data.class_names.index(name), "the rest", name)
    return TASKS[task].answers(data)


def task_targets(data: Dataset, task: str = ALL) -> Targets:
    """The answers as columns of targets, with the ids of the stimuli.

    Raises what :func:`repsim_core.alignment.class_targets` raises.

    Examples
    --------
    >>> from repsim_core import datasets
    >>> task_targets(datasets.load("digits", n=30), "odd").names
    ('odd against even',)
    """
    labels, names = task_answers(data, task)
    if labels.dtype.kind == "f":
        return Targets(labels[:, None], (task if task != ALL else "target",), data.stimuli)
    return class_targets(labels, classes=names, stimuli=data.stimuli)
