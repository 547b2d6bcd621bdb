"""Somebody's own stimuli: a zip of pictures, arrays, a table, or a folder of class folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from repsim_core import formats
from repsim_core.datasets.arrays_file import SAVE, read_arrays
from repsim_core.datasets.brought import Brought
from repsim_core.datasets.folders import source_of
from repsim_core.datasets.loading import loaded
from repsim_core.datasets.names import Asked, class_indices
from repsim_core.datasets.picture_set import read_picture_set
from repsim_core.datasets.shifts import shift_named
from repsim_core.datasets.source import Content, Source
from repsim_core.datasets.table_file import read_table
from repsim_core.datasets.uploaded import write
from repsim_core.errors import FormatError, InputError
from repsim_core.types import Dataset, DatasetCard

Kind = Literal["zip", "npz", "csv"]
KINDS: tuple[str, ...] = get_args(Kind)


def from_file(
    path: str | Path,
    kind: Kind | None = None,
    *,
    n: int | None = None,
    seed: int = 0,
    classes: Sequence[str | int] | None = None,
    shift: str | None = None,
    label: str | None = None,
    side: int | None = None,
) -> Dataset:
    """Stimuli of a file of one's own.

    Parameters
    ----------
    path
        A zip of PNG or JPEG files, one folder a class or with a ``labels.csv``; a ``.npz`` with ``inputs`` and
        optionally ``labels``, ``ids`` and ``class_names``; a CSV table; or a folder of class folders.
    kind : "zip", "npz", "csv" or None
        What the file must be. It is always told by the content; None takes any of the three.
    n, seed, classes, shift
        As in :func:`repsim_core.datasets.load`.
    label : str or None
        Label column of a table, by name or number from 1; "none" for no labels.
    side : int or None
        Pixels a side of pictures from a zip. By default those of one size up to 224 stay as they are; others become
        squares with the median of their shorter sides, at most 224.

    Returns
    -------
    Dataset
        Named "file/<name>"; what was done to the inputs is in ``card.notes``.

    Raises
    ------
    FormatError, BudgetError, InputError
        With the file, what is wrong with it, the limit it met, and the way out.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"There is no file {path}; give the path of a .zip, .npz or .csv file.")
    name = f"file/{formats.shown_name(path.stem).replace('~', '-')}"
    if path.is_dir():
        source = source_of(path, name)
    else:
        found = read(path, kind, label=label, side=side)
        source = Source(_card(found, name), lambda _: Content(found.inputs, found.labels, found.stimuli))
    chosen = class_indices(classes, source.card.classes, name) if classes else ()
    return loaded(source, Asked(name, chosen, shift_named(shift) if shift else None), "test", n, seed)


def read(path: Path, kind: str | None = None, *, label: str | None = None, side: int | None = None) -> Brought:
    """Stimuli of a file, whatever it is by its content."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"Datasets come as {', '.join(KINDS)}, not {kind!r}.")
    found, file = formats.kind(path), formats.shown_name(path.name)
    if found not in KINDS or kind not in (None, found):
        wanted = kind or "a zip of pictures, a .npz of inputs or a CSV table"
        raise FormatError(
            f"{file} is {found} by its content, and a dataset is {wanted}; pack pictures with one folder a class, or "
            f"write arrays with {SAVE}."
        )
    if found == "zip":
        return read_picture_set(path, side)
    return read_arrays(path) if found == "npz" else read_table(path, label)


def imported(
    path: str | Path, folder: str | Path, *, label: str | None = None, side: int | None = None, **_: Any
) -> dict[str, Any]:
    """Check an upload, write it into a folder in canonical form, and tell what it is, in JSON's types.

    To be run in a sandbox: the upload is opened here. The canonical file, ``dataset.npz``, is read again by
    :func:`repsim_core.datasets.load` through the checks that every file gets.
    """
    found = read(Path(path), label=label, side=side)
    write(found, Path(folder))
    card = _card(found, "upload")
    described = {
        "kind": card.kind,
        "task": card.task,
        "input_shape": list(card.input_shape),
        "size": len(found.stimuli),
        "classes": list(card.classes),
        "description": card.description,
        "notes": list(card.notes),
    }
    return {"kind": "dataset", "title": Path(path).stem, "card": described, "notes": list(card.notes)}


def _card(found: Brought, name: str) -> DatasetCard:
    shape, count = tuple(int(one) for one in found.inputs.shape[1:]), len(found.stimuli)
    what = f"{count} pictures, {shape[1]} × {shape[2]}" if found.kind == "image" else f"{count} rows"
    if found.kind == "image":
        what += " grey values" if shape[0] == 1 else " in colour"
    else:
        what += f" of {int(np.prod(shape))} features"
    if found.classes:
        what += f", {len(found.classes)} classes"
    return DatasetCard(
        name, found.kind, found.task, shape, {"all": count}, found.classes, what, "a file", notes=found.notes
    )
