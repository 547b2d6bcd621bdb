"""Recorded responses into a file that any framework can write, and RepSim reads back."""

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import InputError
from repsim_core.formats.beside import BESIDE
from repsim_core.formats.responses import checked_plan
from repsim_core.limits import LIMITS
from repsim_core.types import LayerActivations

ENDINGS = (".npz", ".safetensors")


def to_file(
    layers: LayerActivations,
    path: str | Path,
    *,
    labels: NDArray[Any] | None = None,
    classes: Sequence[str] = (),
) -> None:
    """Write responses, the ids of their stimuli, and labels and names of classes if given.

    Parameters
    ----------
    layers
        As :func:`repsim_core.activations.extract` gives them.
    path
        Ends in ``.npz`` or ``.safetensors``.
    labels
        ``(n,)`` class indices or targets.
    classes
        Names of the classes, index by index.

    Raises
    ------
    InputError
        For another ending, a layer named as one of the lists beside them, and labels of another length.
    BudgetError
        If :func:`from_file` would refuse to read it back for its size.
    """
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise InputError(f"{path} must end in {' or '.join(ENDINGS)}.")
    taken = [name for name in layers if name in BESIDE]
    if taken:
        raise InputError(f"No layer can be named {taken[0]!r} in a file: {', '.join(BESIDE)} stand beside the layers.")
    if labels is not None and len(labels) != len(layers.stimuli):
        raise InputError(f"{len(labels)} labels for {len(layers.stimuli)} stimuli; give one for each.")
    arrays = {name: one.values.reshape(-1, *_unit_shape(one.unit_shape)) for name, one in layers.items()}
    checked_plan({name: (one.shape, one.dtype.str[1:]) for name, one in arrays.items()}, path.name)
    write(path, arrays, layers.stimuli, labels, classes)


def write(
    path: Path,
    arrays: Mapping[str, NDArray[Any]],
    ids: Sequence[str] | None,
    labels: NDArray[Any] | None = None,
    classes: Sequence[str] = (),
) -> None:
    """Layers and what stands beside them, in the form of the ending; equal content gives equal bytes."""
    beside: dict[str, Sequence[str]] = {"ids": ids or (), "classes": classes}
    more = {} if labels is None else {"labels": np.asarray(labels)}
    if "labels" in more and more["labels"].dtype.kind in "bUS":  # classes by name, or yes and no
        beside["labels"] = [str(one) for one in more.pop("labels").tolist()]
    if path.suffix == ".safetensors":
        texts = {name: json.dumps(list(values)) for name, values in beside.items() if values}
        _write_safetensors(path, {**arrays, **more}, texts | {"layers": json.dumps(list(arrays))})
        return
    lists = {name: np.array(values) for name, values in beside.items() if values}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, one in (*arrays.items(), *more.items(), *lists.items()):
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, one, allow_pickle=False)


def _write_safetensors(path: Path, arrays: Mapping[str, NDArray[Any]], texts: Mapping[str, str]) -> None:
    """Little-endian numbers behind a JSON header; the library writes its texts in an order that changes."""
    content = {name: np.ascontiguousarray(one, one.dtype.newbyteorder("<")) for name, one in arrays.items()}
    header: dict[str, Any] = {"__metadata__": dict(texts)}
    at = 0
    widest_first = sorted(content, key=lambda name: -content[name].itemsize)  # so that each is aligned
    for name in widest_first:
        one = content[name]
        offsets = [at, at := at + one.nbytes]
        header[name] = {
            "dtype": f"{one.dtype.kind.upper()}{8 * one.itemsize}",
            "shape": one.shape,
            "data_offsets": offsets,
        }
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    with path.open("wb") as stream:
        stream.write(len(raw).to_bytes(8, "little") + raw)
        for name in widest_first:
            stream.write(content[name].data)


def _unit_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """As it is, or flat if a file cannot hold so many axes."""
    return shape if len(shape) < LIMITS.npy_axes else (math.prod(shape),)
