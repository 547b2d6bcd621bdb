"""Stimuli in a ``.npz``: an array of inputs, and optionally their labels, ids and class names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.datasets.brought import Brought, checked, classes_of, given_labels, label_text, row_ids
from repsim_core.errors import FormatError, InputError, ShapeError
from repsim_core.formats import shown_name
from repsim_core.formats.npz import npz_arrays

INPUTS = ("inputs", "x", "X", "images", "data", "x_test", "arr_0")
LABELS = ("labels", "y", "targets", "y_test", "arr_1")
IDS = ("ids", "stimuli")
CLASSES = ("class_names", "classes")
_BYTE_SCALE = 255.0
SAVE = "numpy.savez('data.npz', inputs=inputs, labels=labels)"


def read_arrays(path: Path) -> Brought:
    """Stimuli of a ``.npz``.

    ``inputs`` is ``(n, features)`` for vectors, and ``(n, height, width)``, ``(n, channels, height, width)`` or
    ``(n, height, width, channels)`` for pictures of one or three channels, bytes or numbers from 0 to 1 or to 255.

    Raises
    ------
    FormatError
        If the archive is not well made, or lacks the inputs.
    ShapeError
        If the inputs are neither vectors nor pictures.
    InputError
        If labels, ids or class names do not fit the inputs.
    """
    file = shown_name(path.name)
    arrays = npz_arrays(path, text=(*LABELS, *IDS, *CLASSES))
    inputs = _first(arrays, INPUTS)
    if inputs is None:
        raise FormatError(
            f"{file} holds {', '.join(shown_name(one, 30) for one in list(arrays)[:8])} and no array named inputs; "
            f"write it with {SAVE}."
        )
    notes: list[str] = []
    is_table = inputs.ndim == 2
    if not is_table:
        inputs = _unit_range(_channels_first(inputs, file, notes), file, notes)
    pixels = inputs if inputs.dtype == np.uint8 and not is_table else np.asarray(inputs, dtype=np.float32)
    labels, classes = _labels(arrays, len(pixels), file)
    stimuli = _ids(arrays, pixels, file)
    found = Brought(pixels, labels, stimuli, classes, "tabular" if is_table else "image", tuple(notes))
    return checked(found, file)


def _first(arrays: Mapping[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[Any] | None:
    return next((arrays[one] for one in names if one in arrays), None)


def _channels_first(inputs: NDArray[Any], file: str, notes: list[str]) -> NDArray[Any]:
    if inputs.ndim == 3:
        notes.append("Pictures without an axis of channels are grey.")
        return inputs[:, None]
    if inputs.ndim == 4 and inputs.shape[1] in (1, 3):
        return inputs
    if inputs.ndim == 4 and inputs.shape[3] in (1, 3):
        notes.append("Channels come last in the file and are put first.")
        return np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))
    raise ShapeError(
        f"{file}: inputs have shape {inputs.shape}; give (n, features), (n, height, width), or four axes of which the "
        "second or the last holds one or three channels."
    )


def _unit_range(pixels: NDArray[Any], file: str, notes: list[str]) -> NDArray[Any]:
    """Bytes as they are, other pixels as float32 in [0, 1], by the range they have."""
    if pixels.dtype == np.bool_:
        return pixels.astype(np.float32)
    if pixels.dtype == np.uint8:
        notes.append("Pixels from 0 to 255 become numbers from 0 to 1.")
        return pixels
    values = np.asarray(pixels, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        return values  # refused with its row, as for vectors
    if low < 0 or high > _BYTE_SCALE:
        raise InputError(
            f"{file}: pixels go from {low:.3g} to {high:.3g}; give them from 0 to 1 or from 0 to 255. If they are "
            "normalised already, undo that: each network normalises by its own mean and deviation."
        )
    if high > 1:
        notes.append(f"Pixels from {low:g} to {high:g} are divided by 255.")
        return values / np.float32(_BYTE_SCALE)
    return values


def _labels(arrays: Mapping[str, NDArray[Any]], count: int, file: str) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    labels, names = _first(arrays, LABELS), _first(arrays, CLASSES)
    if labels is None:
        return None, ()
    if labels.dtype.kind in "US":
        if len(labels) != count:
            raise InputError(f"{file}: {len(labels)} labels for {count} stimuli; give one label a stimulus.")
        return classes_of([label_text(one, file) for one in _texts(labels)], file)
    values = given_labels(labels, count, file)
    if not np.issubdtype(values.dtype, np.integer):
        return values, ()
    needed = int(values.max()) + 1
    if names is None:
        return values, tuple(str(one) for one in range(needed))
    known = tuple(label_text(one, file) for one in _texts(names))
    if len(known) < needed or len(set(known)) < len(known):
        raise InputError(
            f"{file}: {len(set(known))} different class names for class numbers up to {needed - 1}; give one name a "
            "class."
        )
    return values, known


def _ids(arrays: Mapping[str, NDArray[Any]], inputs: NDArray[Any], file: str) -> tuple[str, ...]:
    ids = _first(arrays, IDS)
    if ids is None:
        return row_ids(inputs)
    if ids.shape != (len(inputs),):
        raise InputError(f"{file}: ids have shape {ids.shape} for {len(inputs)} stimuli; give one id a stimulus.")
    return tuple(shown_name(one, 300) for one in _texts(ids))


def _texts(array: NDArray[Any]) -> list[str]:
    return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in array.ravel()]
