"""Recorded responses in a file: layer name → array, and if wanted the ids and labels of the stimuli."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats.beside import BESIDE, check_beside, labels_and_classes, listed, metadata_arrays, stimulus_ids
from repsim_core.formats.kinds import SAVE_ACTIVATIONS, kind
from repsim_core.formats.names import shown_name
from repsim_core.formats.npy import npy_array, npy_header
from repsim_core.formats.npz import ENDING, npz_headers, npz_items
from repsim_core.formats.tensors import DTYPES, safetensors_header, safetensors_metadata, tensor_array
from repsim_core.formats.zips import zip_members
from repsim_core.limits import LIMITS

_ROWS = 1 << 22  # numbers looked at in one step
_EXACT = 2**53
MOST_NOTES = 20  # on layers, one each


@dataclass(frozen=True, eq=False)
class Responses:
    """What a file of recorded responses holds.

    ``layers`` are ``(n, ...)``, float32 or float64, in the order of the file; ``stimuli`` are the ids, or row numbers
    where the file has none (``has_ids`` is False). ``labels`` are class indices into ``classes``, regression targets,
    or None. ``notes`` say what was converted and what to doubt.
    """

    layers: Mapping[str, NDArray[np.floating[Any]]]
    stimuli: tuple[str, ...]
    has_ids: bool
    labels: NDArray[Any] | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Source:
    """Shapes and widths of the arrays before they are read, then the arrays one by one."""

    shapes: dict[str, tuple[tuple[int, ...], str]]  # name → shape, NumPy's letter and width such as "f4"
    items: Iterator[tuple[str, NDArray[Any]]]
    texts: Mapping[str, str]  # metadata of safetensors
    ordered: bool = True


def recorded_responses(path: str | Path, *, drop_rows: bool = False) -> Responses:
    """Responses out of ``.npz``, ``.npy`` or ``.safetensors``.

    Parameters
    ----------
    path
        Every array but ``ids``, ``labels`` and ``classes`` is a layer, one row a stimulus; further axes are kept as
        the shape of a unit. A ``.npy`` is one layer named "layer".
    drop_rows
        Leave out, in all layers, the stimuli to which any layer answered with a NaN or an infinity. Otherwise such a
        layer is kept as it is, and a note says how many numbers and which is the first.

    Raises
    ------
    FormatError
        If the layers have different numbers of rows, there are none, or none varies, and for ids that repeat.
    BudgetError
        For too few or too many stimuli, units or bytes.

    Notes
    -----
    One rule for numbers: what float32 holds exactly (bool, integers up to 16 bits, float16, bfloat16, float32) becomes
    float32, the rest float64; byte order and Fortran order are undone.
    """
    path = Path(path)
    file = shown_name(path.name)
    source = _source(path, file)
    n, notes = checked_plan(source.shapes, file)
    beside: dict[str, NDArray[Any]] = {}
    layers: dict[str, NDArray[np.floating[Any]]] = {}
    bad = np.zeros(n, dtype=bool)
    doubts: list[str] = []
    for name, values in source.items:
        if name in BESIDE:
            beside[name] = values
        elif values.ndim:
            layers[name], more = _numbers(values, name)
            doubts += [*more, *_doubts(layers[name], name, bad)]
    if all(_is_constant(one) for one in layers.values()):
        raise FormatError(
            f"{file}: no layer varies over its {n} stimuli, so there is nothing to compare; check the recording."
        )
    notes += doubts[:MOST_NOTES]
    if len(doubts) > MOST_NOTES:
        notes.append(f"{len(doubts) - MOST_NOTES} more layers have such a note.")
    beside |= metadata_arrays(source.texts, file)
    if not source.ordered:
        layers, more = _in_order(layers, source.texts)
        notes += more
    stimuli, has_ids = stimulus_ids(beside.get("ids"), n, file)
    labels, classes = labels_and_classes(beside.get("labels"), beside.get("classes"), n, file)
    if not has_ids:
        notes.append("The file has no ids: its rows are taken to be the stimuli of the other file, in the same order.")
    found = Responses(layers, stimuli, has_ids, labels, classes, tuple(notes))
    count = int(bad.sum())
    if count and drop_rows:
        found = _rows(found, np.flatnonzero(~bad), file)
    elif count:
        offer = f"{count} of {n} stimuli have such responses; drop_rows leaves them out in all layers."
        found = replace(found, notes=(*notes, offer))
    for values in found.layers.values():
        values.flags.writeable = False
    return found


def _rows(found: Responses, left: NDArray[np.intp], file: str) -> Responses:
    """Some of the stimuli, in all layers."""
    n = len(found.stimuli)
    if len(left) < LIMITS.fewest_stimuli:
        raise FormatError(
            f"{file}: {n - len(left)} of {n} stimuli have responses that are not finite; record them again."
        )
    note = f"Left out in all layers, for responses that are not finite: {n - len(left)} of {n} stimuli."
    return replace(
        found,
        layers={name: values[left] for name, values in found.layers.items()},
        stimuli=tuple(found.stimuli[row] for row in left),
        labels=None if found.labels is None else found.labels[left],
        notes=(*found.notes, note),
    )


def holds_responses(path: str | Path) -> bool:
    """Whether a file is one of responses, not of weights or stimuli.

    NumPy's files are, unless their one array is ``inputs``; safetensors are if all tensors share their first axis, of
    four or more, and have a second.
    """
    found = kind(path)
    if found == "npz":
        names = {name.removesuffix(ENDING) for name in zip_members(path)}
        return names - {*BESIDE, "class_names"} != {"inputs"}
    if found != "safetensors":
        return found == "npy"
    shapes = [one.shape for name, one in safetensors_header(path).items() if name not in BESIDE]
    rows = {shape[0] for shape in shapes if shape}
    return len(rows) == 1 and min(rows) >= LIMITS.fewest_stimuli and all(len(shape) > 1 for shape in shapes)


def _source(path: Path, file: str) -> _Source:
    found = kind(path)
    if found == "npz":
        headers = npz_headers(path, text=BESIDE)
        return _Source(
            {name: (one.shape, one.dtype.str[1:]) for name, one in headers.items()}, npz_items(path, text=BESIDE), {}
        )
    if found == "npy":
        with path.open("rb") as stream:
            header = npy_header(stream.read(12 + LIMITS.npy_header_bytes), file)
        return _Source(
            {"layer": (header.shape, header.dtype.str[1:])}, ((name, npy_array(path)) for name in ("layer",)), {}
        )
    if found == "safetensors":
        entries = safetensors_header(path)
        shapes = {
            name: (one.shape, "f2" if one.dtype == "BF16" else np.dtype(DTYPES[one.dtype]).str[1:])
            for name, one in entries.items()
        }
        items = ((name, tensor_array(path, name, one)) for name, one in entries.items())
        return _Source(shapes, items, safetensors_metadata(path), ordered=False)
    raise FormatError(f"{file} is a {found} file, not one of recorded responses; save them: {SAVE_ACTIVATIONS}.")


def checked_plan(shapes: Mapping[str, tuple[tuple[int, ...], str]], file: str) -> tuple[int, list[str]]:
    """How many stimuli, and notes; everything that shapes alone can tell is refused here."""
    layers = {name: one for name, one in shapes.items() if name not in BESIDE and one[0]}
    single = [name for name, (shape, _) in shapes.items() if not shape]
    if not layers:
        raise FormatError(
            f"{file} holds no layer, only {', '.join(map(shown_name, shapes)) or 'nothing'}; save {SAVE_ACTIVATIONS}."
        )
    rows = {name: shape[0] for name, (shape, _) in layers.items()}
    for (one, n), (other, m) in pairwise(rows.items()):
        if n != m:
            raise FormatError(
                f"{file}: {shown_name(one)} has {n:,} rows and {shown_name(other)} {m:,}; "
                "every layer needs one row for each of the same stimuli."
            )
    n = next(iter(rows.values()))
    for name in BESIDE:
        if name in shapes:
            check_beside(name, shapes[name][0], n, file)
    if not LIMITS.fewest_stimuli <= n <= LIMITS.stimuli:
        raise BudgetError(
            f"{file} holds responses to {n:,} stimuli ({LIMITS.fewest_stimuli} to {LIMITS.stimuli:,} are read); "
            "record another number."
        )
    total = 0
    for name, (shape, code) in layers.items():
        units = math.prod(shape[1:])
        if not 1 <= units <= LIMITS.units:
            raise BudgetError(
                f"{file}: {shown_name(name)} has {units:,} units a stimulus (1 to {LIMITS.units:,} are read); "
                "pool it over positions before saving."
            )
        total += n * units * (4 if _is_narrow(code) else 8)
    if total > LIMITS.activation_bytes:
        raise BudgetError(
            f"{file}: its {len(layers)} layers take {total:,} bytes (limit {LIMITS.activation_bytes:,}); "
            "save fewer layers or stimuli, or pool over positions."
        )
    return n, [f"{shown_name(name)} is a single number, no layer; left out." for name in single]


def _is_narrow(code: str) -> bool:
    """Whether float32 holds every number of this type."""
    return code in ("b1", "i1", "u1", "i2", "u2", "f2", "f4")


def _numbers(values: NDArray[Any], name: str) -> tuple[NDArray[np.floating[Any]], list[str]]:
    """The one rule for numbers."""
    code = values.dtype.str[1:]
    wide: NDArray[np.floating[Any]] = np.ascontiguousarray(values, np.float32 if _is_narrow(code) else np.float64)
    if code in ("i8", "u8") and np.abs(wide).max() > _EXACT:
        return wide, [f"{shown_name(name)}: whole numbers beyond 2^53 are rounded to 53 bits."]
    return wide, []


def _blocks(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    rows = values.reshape(len(values), -1)
    step = max(1, _ROWS // rows.shape[1])
    return ((start, rows[start : start + step]) for start in range(0, len(rows), step))


def _doubts(values: NDArray[np.floating[Any]], name: str, bad: NDArray[np.bool_]) -> list[str]:
    """Notes on one layer; rows that are not finite are marked in ``bad``."""
    count, first = 0, (0, 0)
    for start, block in _blocks(values):
        wrong = ~np.isfinite(block)
        if wrong.any():
            row, unit = np.argwhere(wrong)[0]
            first = first if count else (start + int(row), int(unit))
            count += int(wrong.sum())
            bad[start : start + len(block)] |= wrong.any(axis=1)
    notes = []
    if count:
        notes.append(
            f"{shown_name(name)}: {count:,} of {values.size:,} responses are not finite, "
            f"the first in row {first[0]}, unit {first[1]}."
        )
    elif _is_constant(values):
        notes.append(f"{shown_name(name)}: the same response to every stimulus; its cells are undefined.")
    return notes


def _is_constant(values: NDArray[np.floating[Any]]) -> bool:
    first = values[:1].reshape(1, -1)
    return all(bool((block == first).all()) for _, block in _blocks(values))


def _in_order(
    layers: dict[str, NDArray[np.floating[Any]]], texts: Mapping[str, str]
) -> tuple[dict[str, NDArray[np.floating[Any]]], list[str]]:
    """Safetensors sorts its tensors: the order of the metadata, else that of the names with numbers by value."""
    wanted = listed(texts.get("layers", ""))
    if wanted is not None and all(isinstance(one, str) for one in wanted) and sorted(wanted) == sorted(layers):
        return {name: layers[name] for name in wanted}, []
    names = sorted(
        layers,
        key=lambda name: [
            (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"([0-9]{1,9})", name)
        ],
    )
    note = "Safetensors keeps no order: layers are sorted by name. In an .npz they stay as they were saved."
    return {name: layers[name] for name in names}, [note] if len(names) > 1 else []
