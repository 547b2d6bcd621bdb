"""What a network answers: predicted class, rank of the true class and cross-entropy of every image."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError
from repsim_core.types import Dataset

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """One number of each kind an image."""

    predicted: NDArray[np.int32]
    ranks: NDArray[np.float32]
    cross_entropies: NDArray[np.float32]


def answers(outputs: Floats, labels: NDArray[Any]) -> Answers:
    """From class outputs ``(n, classes)``; the rank counts the larger outputs and half of the equal ones."""
    own = outputs[np.arange(len(labels)), labels]
    larger = (outputs > own[:, None]).sum(axis=1)
    equal = (outputs == own[:, None]).sum(axis=1) - 1
    top = outputs.max(axis=1)
    total = top + np.log(np.exp(outputs - top[:, None]).sum(axis=1))
    return Answers(
        outputs.argmax(axis=1).astype(np.int32),
        (larger + equal / 2).astype(np.float32),
        (total - own).astype(np.float32),
    )


def class_outputs(outputs: NDArray[Any], classes: int) -> Floats:
    """Outputs as one column a class: a single output is the log-odds of the second of two classes."""
    wide = np.asarray(outputs, dtype=np.float64)
    if wide.shape[1] == 1 and classes == 2:
        return np.hstack([np.zeros_like(wide), wide])
    return wide


def unsuitable(shape: tuple[int, ...], dataset: Dataset, outputs: NDArray[Any] | None = None) -> str:
    """Why outputs of this shape, ``(n, ...)``, are no answers to the classes of the dataset, or ""."""
    classes = class_count(dataset)
    if len(shape) != 2:
        return f"The network's output for a stimulus has shape {shape[1:]}, which is no row of class scores."
    if shape[1] != classes and not (shape[1] == 1 and classes == 2):
        return f"The network has {_outputs(shape[1])}, but {dataset.name} has {classes} classes."
    if outputs is not None and not np.isfinite(outputs).all():
        return "The network's outputs are not finite."
    return ""


def class_count(dataset: Dataset) -> int:
    """Classes of a dataset, by their names or else by the labels."""
    assert dataset.labels is not None  # checked at the door
    return len(dataset.class_names) or int(dataset.labels.max()) + 1


def class_labels(dataset: Dataset) -> NDArray[np.int64]:
    """Class of every stimulus; refuses a dataset without."""
    labels = dataset.labels
    if labels is None or not np.issubdtype(labels.dtype, np.integer):
        what = "no labels" if labels is None else "numbers for labels"
        raise InputError(f"{dataset.name} has {what}, and an ablation needs classes; choose a classification dataset.")
    return np.asarray(labels, dtype=np.int64)


def _outputs(count: int) -> str:
    return f"{count} output{'s' if count > 1 else ''}"
