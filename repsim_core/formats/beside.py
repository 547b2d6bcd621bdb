"""What stands beside the layers in a file of responses: ids, labels and classes of the stimuli."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import FormatError
from repsim_core.formats.names import checked_name, shown_name
from repsim_core.limits import LIMITS

BESIDE = ("ids", "labels", "classes")  # arrays that are no layers


def check_beside(name: str, shape: tuple[int, ...], n: int, file: str) -> None:
    """One entry for each stimulus, or any number of classes that could be."""
    what = f"{file}: {name} has shape {shape} for {n} stimuli"
    if name == "ids" and shape != (n,):
        raise FormatError(f"{what}; give one text or whole number for each.")
    if name == "labels" and shape != (n,):
        raise FormatError(f"{what}; give one for each (of one-hot rows, their argmax).")
    if name == "classes" and (len(shape) != 1 or shape[0] > LIMITS.stimuli):
        raise FormatError(f"{what}; give a list of names, one for each class.")


def metadata_arrays(metadata: Mapping[str, str], file: str) -> dict[str, NDArray[Any]]:
    """Ids, labels and classes that safetensors keeps as JSON beside its tensors."""
    found: dict[str, NDArray[Any]] = {}
    for name in BESIDE:
        if name in metadata:
            values = listed(metadata[name])
            if values is None or not all(
                isinstance(one, str) and len(one) <= LIMITS.tensor_name_length for one in values
            ):
                raise FormatError(f"{file}: {name} in its metadata is not a JSON list of texts; save it again.")
            found[name] = np.array(values, dtype=np.str_)
    return found


def listed(text: str) -> list[Any] | None:
    """A JSON list, or None for any other text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def stimulus_ids(ids: NDArray[Any] | None, n: int, file: str) -> tuple[tuple[str, ...], bool]:
    """Ids of the stimuli, row numbers where there are none, and whether there are.

    Row numbers name the number of rows too: 99 rows are not the first 99 of 100.
    """
    if ids is None:
        return tuple(f"row {row} of {n}" for row in range(n)), False
    check_beside("ids", ids.shape, n, file)
    if ids.dtype.kind == "f":
        raise FormatError(f"{file}: ids are broken numbers; give one text or whole number for each stimulus.")
    names = tuple(_as_text(ids, "ids", file))
    if len(set(names)) != n:
        seen: set[str] = set()
        twice = next(one for one in names if one in seen or seen.add(one))  # type: ignore[func-returns-value]
        raise FormatError(f"{file}: the id {shown_name(twice)} stands for two stimuli; give each its own.")
    return tuple(checked_name(file, "stimulus", one) for one in names), True


def _as_text(values: NDArray[Any], name: str, file: str) -> list[str]:
    try:
        return [one.decode() if isinstance(one, bytes) else str(one) for one in values.tolist()]
    except UnicodeDecodeError as error:
        raise FormatError(f"{file}: {name} holds bytes that are not UTF-8; save texts.") from error


def labels_and_classes(
    labels: NDArray[Any] | None, classes: NDArray[Any] | None, n: int, file: str
) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    """Class indices with the names of the classes, or regression targets, or nothing."""
    if labels is None:
        return None, ()
    check_beside("labels", labels.shape, n, file)
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise FormatError(f"{file}: labels holds a number that is not finite; give one label for each stimulus.")
        return labels.astype(np.float64), ()
    if classes is not None:
        check_beside("classes", classes.shape, n, file)
        names = _as_text(classes, "classes", file)
        if labels.dtype.kind in "US" or not 0 <= int(labels.min()) <= int(labels.max()) < len(names):
            raise FormatError(
                f"{file}: labels has to be whole numbers from 0 to {len(names) - 1}, "
                f"one for each of its {len(names)} classes."
            )
        return labels.astype(np.int64), tuple(checked_name(file, "class", one) for one in names)
    known, indices = np.unique(
        np.array(_as_text(labels, "labels", file)) if labels.dtype.kind == "S" else labels, return_inverse=True
    )
    return indices.astype(np.int64), tuple(checked_name(file, "class", str(one)) for one in known.tolist())
