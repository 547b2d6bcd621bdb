"""What a layer is asked to point at: classes as ±1 or one-hot columns, numbers as they are; checked once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from repsim_core.errors import DegenerateError, InputError, ShapeError, StimulusMismatchError
from repsim_core.types import Dataset, Representation, Stimuli, read_only

Coding = Literal["sign", "one_hot"]
CODINGS: dict[str, str] = {
    "sign": "one column a class, +1 for its stimuli and −1 for the rest; two classes are one column",
    "one_hot": "one column a class, 1 for its stimuli and 0 for the rest",
}


@dataclass(frozen=True, eq=False)
class Targets:
    """Columns of numbers, one a target; ``stimuli`` are the ids of the rows, empty where they are not known."""

    values: NDArray[np.float64]  # (n, targets)
    names: tuple[str, ...]
    stimuli: Stimuli = ()

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.names) or not len(self.names):
            raise ShapeError(
                f"targets: expected (n_stimuli, targets) with a name for each column, got shape {values.shape} and "
                f"{len(self.names)} names."
            )
        for column, name in zip(values.T, self.names, strict=True):
            rows = np.flatnonzero(~np.isfinite(column))
            if len(rows):
                raise DegenerateError(
                    f"The target {name!r} is NaN or infinite for {len(rows)} of {len(column)} stimuli, first in row "
                    f"{rows[0]}; leave those stimuli out.",
                    "non_finite",
                )
            if np.ptp(column) <= 4 * np.finfo(np.float64).eps * np.abs(column).max(initial=0.0):
                raise DegenerateError(
                    f"The target {name!r} is the same for all {len(column)} stimuli, so no direction can point at it; "
                    "choose targets that vary.",
                    "constant_target",
                )
        object.__setattr__(self, "values", read_only(values))

    @property
    def n_stimuli(self) -> int:
        """Number of rows."""
        return len(self.values)

    def only(self, name: str) -> "Targets":
        """One column by its name."""
        if name not in self.names:
            raise InputError(f"No target named {name!r}; choose one of: {', '.join(self.names)}.")
        return Targets(self.values[:, [self.names.index(name)]], (name,), self.stimuli)


def class_targets(
    labels: ArrayLike,
    *,
    classes: Sequence[str] = (),
    coding: Coding = "sign",
    stimuli: Stimuli = (),
) -> Targets:
    """Columns for class labels.

    Parameters
    ----------
    labels
        One a stimulus: whole numbers, booleans or strings. With ``classes`` they index it.
    classes
        Names of all classes, so that one without a stimulus is noticed.
    coding
        A key of :data:`CODINGS`. With ``"sign"`` two classes make one column, +1 for the second.

    Raises
    ------
    DegenerateError
        ``constant_target`` with a single class, ``missing_class`` if one of ``classes`` has no stimulus.
    ShapeError, InputError
        Labels that are no list, or no index of ``classes``.

    Examples
    --------
    >>> class_targets([0, 1, 1]).values.ravel().tolist()
    [-1.0, 1.0, 1.0]
    """
    if coding not in CODINGS:
        raise InputError(f"coding must be one of {', '.join(CODINGS)}, got {coding!r}.")
    found = np.asarray(labels)
    if found.ndim != 1:
        raise ShapeError(f"labels: expected one a stimulus, got shape {found.shape}.")
    present = np.unique(found)
    if classes:
        if found.dtype.kind not in "iu" or (len(present) and not 0 <= present[0] <= present[-1] < len(classes)):
            raise InputError(f"labels must be whole numbers from 0 to {len(classes) - 1}, an index of the class names.")
        missing = sorted(set(range(len(classes))) - set(present.tolist()))
        if missing:
            raise DegenerateError(
                f"Class {classes[missing[0]]!r} has no stimulus among these {len(found)}"
                + (f", and {len(missing) - 1} more of {len(classes)} have none" if len(missing) > 1 else "")
                + "; take more stimuli, or leave the class names out to align with those that are there.",
                "missing_class",
            )
    if len(present) < 2:
        raise DegenerateError(
            f"All {len(found)} stimuli are of one class, so no direction can point at it; take stimuli of two or more.",
            "constant_target",
        )
    names = tuple(classes) if classes else tuple(map(str, present))
    ones = (found[:, None] == present[None, :]).astype(np.float64)
    if coding == "one_hot":
        return Targets(ones, names, stimuli)
    if len(present) == 2:
        return Targets(2 * ones[:, 1:] - 1, (f"{names[1]} against {names[0]}",), stimuli)
    return Targets(2 * ones - 1, names, stimuli)


def dataset_targets(dataset: Dataset, *, coding: Coding = "sign") -> Targets:
    """The labels of a dataset, classes as columns and regression targets as they are, with the stimulus ids."""
    if dataset.labels is None:
        raise InputError(f"{dataset.name} has no labels; choose a dataset with classes or a number to predict.")
    if np.issubdtype(dataset.labels.dtype, np.integer):
        return class_targets(dataset.labels, classes=dataset.class_names, coding=coding, stimuli=dataset.stimuli)
    return Targets(np.asarray(dataset.labels, np.float64)[:, None], ("target",), dataset.stimuli)


def targets_for(x: Representation, targets: ArrayLike | Targets, coding: Coding) -> Targets:
    """The door: targets of whatever form, one row a stimulus of ``x``.

    Whole numbers, booleans and strings are classes, as :func:`class_targets` takes them; numbers with a fraction are
    regression targets; two axes are several targets at once.
    """
    found = targets if isinstance(targets, Targets) else _from_array(targets, coding)
    if found.n_stimuli != x.n_stimuli:
        raise ShapeError(f"{x.model}/{x.layer} has {x.n_stimuli} stimuli, but there are {found.n_stimuli} targets.")
    if found.stimuli and found.stimuli != x.stimuli:
        row = next(i for i, (one, other) in enumerate(zip(found.stimuli, x.stimuli, strict=True)) if one != other)
        raise StimulusMismatchError(
            f"The targets belong to other stimuli than {x.model}/{x.layer}: row {row} is {found.stimuli[row]!r} there "
            f"and {x.stimuli[row]!r} here; take both from one dataset."
        )
    return found


def _from_array(targets: Any, coding: Coding) -> Targets:
    values = np.asarray(targets)
    if values.dtype.kind not in "fiubUSO" or (values.dtype.kind == "O" and values.ndim != 1):
        raise InputError(f"targets must be classes or real numbers, got dtype {values.dtype}.")
    if values.dtype.kind == "f" and values.ndim == 1:
        return Targets(values[:, None].astype(np.float64), ("target",))
    if values.ndim == 2 and values.dtype.kind in "fiub":
        return Targets(values.astype(np.float64), tuple(f"target {k + 1}" for k in range(values.shape[1])))
    if values.ndim != 1:
        raise ShapeError(f"targets: expected one or several numbers a stimulus, got shape {values.shape}.")
    return class_targets(values.astype(str) if values.dtype.kind == "O" else values, coding=coding)
