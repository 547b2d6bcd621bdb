"""The header of a safetensors file, checked before any library opens it, and its tensors as NumPy arrays."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats.names import checked_name, shown_name
from repsim_core.limits import LIMITS

# BF16 has no NumPy type: its two bytes are the upper half of a float32.
DTYPES: Mapping[str, str] = {
    "BOOL": "u1", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
_KEYS = {"dtype", "shape", "data_offsets"}
_LEAST = 8


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One tensor as the header describes it; its bytes are ``start`` to ``end`` of the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def safetensors_header(path: str | Path) -> dict[str, TensorEntry]:
    """Tensors by name, in the order of the header.

    Raises
    ------
    FormatError
        If the header is not what safetensors writes: strict JSON without repeated keys, known number formats, byte
        ranges that fit the shapes and cover the rest of the file without overlap or hole.
    BudgetError
        For a header or a number of tensors beyond the limit.
    """
    return _header(Path(path))[0]


def safetensors_metadata(path: str | Path) -> dict[str, str]:
    """The free text beside the tensors, name → text; the file is checked as a whole."""
    return _header(Path(path))[1]


def safetensors_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """All tensors as arrays; bfloat16 becomes float32, which holds it exactly."""
    return {name: tensor_array(path, name, one) for name, one in safetensors_header(path).items()}


def tensor_array(path: str | Path, name: str, entry: TensorEntry) -> NDArray[Any]:
    """One tensor of a checked header."""
    path, size = Path(path), entry.end - entry.start
    label = f"{shown_name(path.name)}: {shown_name(name)}"
    if size > LIMITS.npy_bytes:
        raise BudgetError(f"{label} takes {size:,} bytes (limit {LIMITS.npy_bytes:,}); save fewer rows.")
    raw = np.fromfile(path, np.uint8, size, offset=entry.start)
    if len(raw) != size:
        raise FormatError(f"{label} changed while it was read; give it again.")
    values: NDArray[Any] = raw.view(DTYPES[entry.dtype])
    if entry.dtype == "BOOL":
        values = values != 0
    elif entry.dtype == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(entry.shape)


def _header(path: Path) -> tuple[dict[str, TensorEntry], dict[str, str]]:
    file = shown_name(path.name)
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        length = int.from_bytes(stream.read(_LEAST), "little")
        if size < _LEAST + 2 or length > size - _LEAST:
            raise FormatError(
                f"{file}: its header claims {length:,} bytes, but the file has {size:,}; copy or download it again."
            )
        if length > LIMITS.safetensors_header_bytes:
            raise BudgetError(
                f"{file} has a header of {length:,} bytes (limit {LIMITS.safetensors_header_bytes:,}); "
                "save fewer tensors or less metadata."
            )
        raw = stream.read(length)
    # Counted before it is parsed: a quarter of a million empty tensors would cost seconds and much memory.
    count = raw.count(b'"dtype"')
    if count > LIMITS.tensors:
        raise BudgetError(f"{file} holds {count:,} tensors (limit {LIMITS.tensors:,}); save fewer.")
    content = _parsed(raw, file)
    metadata = content.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(one, str) for one in metadata.values()):
        raise FormatError(f"{file}: its metadata are not names with texts; save it again with texts only.")
    if len(content) > LIMITS.tensors:
        raise BudgetError(f"{file} holds {len(content):,} tensors (limit {LIMITS.tensors:,}); save fewer.")
    entries = {checked_name(file, "tensor", name): _entry(one, name, length, file) for name, one in content.items()}
    _check_cover(entries, _LEAST + length, size, file)
    return entries, metadata


def _parsed(raw: bytes, file: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise FormatError(f"{file} holds {shown_name(twice)} twice; save it again.")
        return found

    def refuse(_text: str) -> Any:
        raise ValueError("a number that is not whole")

    try:
        content = json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=refuse, parse_float=refuse)
        if not raw.startswith(b"{") or not isinstance(content, dict):
            raise ValueError("no object")
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{file}: its header is not the JSON of a safetensors file; save it again.") from error
    return content


def _entry(one: Any, name: str, length: int, file: str) -> TensorEntry:
    label = f"{file}: {shown_name(name)}"
    if not isinstance(one, dict) or set(one) != _KEYS:
        raise FormatError(f"{label} is not described by dtype, shape and data_offsets alone; save it again.")
    dtype, shape, offsets = one["dtype"], one["shape"], one["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        shown = shown_name(dtype) if isinstance(dtype, str) else "no name"
        raise FormatError(
            f"{label} holds numbers of the kind {shown!r} ({', '.join(DTYPES)} are read); save it as float32."
        )
    if not _is_counts(shape) or not _is_counts(offsets) or len(offsets) != 2:
        raise FormatError(f"{label}: shape and data_offsets have to be lists of whole numbers; save it again.")
    if len(shape) > LIMITS.tensor_axes:
        raise FormatError(f"{label} has {len(shape)} axes (limit {LIMITS.tensor_axes}); reshape it.")
    needed, given = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize, offsets[1] - offsets[0]
    if needed != given:
        raise FormatError(
            f"{label} of shape {tuple(shape)} needs {_count(needed)} bytes, but has {_count(given)}; save it again."
        )
    return TensorEntry(dtype, tuple(shape), _LEAST + length + offsets[0], _LEAST + length + offsets[1])


def _is_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 2**63 for one in value)


def _count(value: int) -> str:
    return f"{value:,}" if value < 10**18 else f"{value:.3g}" if value < 10**300 else "far too many"


def _check_cover(entries: Mapping[str, TensorEntry], begin: int, size: int, file: str) -> None:
    """The tensors cover the file from the end of the header on, each byte once."""
    at = begin
    for name, one in sorted(entries.items(), key=lambda pair: (pair[1].start, pair[1].end)):
        if one.start != at:
            what = (
                "overlaps another tensor"
                if one.start < at
                else f"leaves a hole of {_count(one.start - at)} bytes before it"
            )
            raise FormatError(f"{file}: {shown_name(name)} {what}; save it again.")
        at = one.end
    if at != size:
        raise FormatError(
            f"{file}: its tensors take {_count(at - begin)} bytes, but {_count(size - begin)} follow the header; "
            "copy or download it again."
        )
