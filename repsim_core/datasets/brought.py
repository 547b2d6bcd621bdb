"""Stimuli that somebody brought in a file, whatever the file was, and what must hold for all of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.memory import readable_bytes
from repsim_core.errors import BudgetError, FormatError, InputError
from repsim_core.formats import shown_name
from repsim_core.limits import LIMITS
from repsim_core.types import Stimuli

MOST_CLASSES = 1000


@dataclass(frozen=True, eq=False)
class Brought:
    """Stimuli with what is known of them; ``inputs`` are bytes for pixels of 0 to 255, otherwise float32."""

    inputs: NDArray[Any]
    labels: NDArray[Any] | None
    stimuli: Stimuli
    classes: tuple[str, ...]
    kind: Literal["image", "tabular"]
    notes: tuple[str, ...]

    @property
    def task(self) -> Literal["classification", "regression", "none"]:
        """What the labels are."""
        if self.labels is None:
            return "none"
        return "classification" if self.classes else "regression"


def checked(found: Brought, file: str) -> Brought:
    """The same, if it can be compared at all.

    Raises
    ------
    FormatError
        For fewer than four stimuli, or stimuli that are all equal, undefined or infinite numbers, repeated ids.
    BudgetError
        For too many stimuli, or too many bytes.
    """
    count = len(found.inputs)
    what = "pictures" if found.kind == "image" else "rows"
    if count < LIMITS.fewest_stimuli:
        raise FormatError(f"{file} holds {count} {what}; bring {LIMITS.fewest_stimuli} or more.")
    if count > LIMITS.stimuli:
        raise BudgetError(f"{file} holds {count} {what} (limit {LIMITS.stimuli}); bring a part of them.")
    check_stored(count * found.inputs[0].nbytes, file)
    if found.inputs.dtype != np.uint8 and not np.isfinite(found.inputs).all():
        row = int(np.argwhere(~np.isfinite(found.inputs))[0, 0])
        bad = int((~np.isfinite(found.inputs)).sum())
        raise FormatError(
            f"{file}: {bad} of the numbers are infinite or undefined, the first of them in row {row}; nothing is put "
            "in their place, so leave those rows out."
        )
    if (found.inputs == found.inputs[:1]).all():
        raise FormatError(f"{file}: all {count} {what} are equal, so no two layers could differ on them.")
    if len(set(found.stimuli)) != count:
        raise FormatError(f"{file}: stimulus ids repeat; every stimulus needs an id of its own.")
    return found


def check_stored(size: int, file: str) -> None:
    """Refuse what would not fit as a canonical file."""
    if size > LIMITS.stored_dataset_bytes:
        raise BudgetError(
            f"{file} becomes {readable_bytes(size)} of stimuli (limit {readable_bytes(LIMITS.stored_dataset_bytes)}); "
            "bring fewer of them, or smaller ones."
        )


def row_ids(inputs: NDArray[Any]) -> Stimuli:
    """Ids of stimuli that came without, with a digest of all inputs, so that no other file's rows seem the same."""
    own = hashlib.sha256(np.ascontiguousarray(inputs).tobytes()).hexdigest()[:8]
    return tuple(f"{own}/{row:05d}" for row in range(len(inputs)))


def label_text(text: str, file: str) -> str:
    """A class name that may be shown, and written into tables that spreadsheets open.

    Raises
    ------
    FormatError
        If it is empty, or begins as a spreadsheet's formula does.
    """
    text = text.strip()
    if not text:
        raise FormatError(f"{file}: a label is empty; give every stimulus a label, or none of them.")
    if text[0] in "=+@\t" or (text[0] == "-" and not _is_number(text)):
        raise FormatError(
            f"{file}: the label {shown_name(text)!r} begins with {text[0]!r}, which spreadsheets take for a formula; "
            "rename it."
        )
    return shown_name(text)


def classes_of(texts: Sequence[str], file: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class of each stimulus and the class names in order: numbers by size, other text by alphabet."""
    names = sorted(set(texts), key=lambda one: (0, float(one), one) if _is_number(one) else (1, 0.0, one))
    if len(names) > MOST_CLASSES:
        raise FormatError(
            f"{file} has {len(names)} different labels (limit {MOST_CLASSES}); is this column a label at all?"
        )
    place = {one: index for index, one in enumerate(names)}
    return np.array([place[one] for one in texts], dtype=np.int64), tuple(names)


def given_labels(labels: NDArray[Any], count: int, file: str) -> NDArray[Any]:
    """Labels of an array: whole numbers are classes from 0, others targets.

    Raises
    ------
    InputError
        If there is not one per stimulus, or class numbers are negative.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise InputError(f"{file}: labels have shape {labels.shape} for {count} stimuli; give one label a stimulus.")
    if labels.dtype == np.bool_:
        labels = labels.astype(np.int64)
    if not np.issubdtype(labels.dtype, np.integer):
        if not np.isfinite(labels).all():
            raise FormatError(f"{file}: some targets are infinite or undefined; leave those stimuli out.")
        return labels.astype(np.float64)
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        raise InputError(
            f"{file}: class numbers go from {labels.min()} to {labels.max()}; number the classes 0 to at most "
            f"{MOST_CLASSES - 1}, or give targets as decimal numbers."
        )
    return labels.astype(np.int64)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
