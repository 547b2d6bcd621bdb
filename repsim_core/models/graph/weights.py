"""Weights and constants from raw numbers: each claim about dtype, shape and strides is held against the bytes."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from repsim_core.errors import BudgetError, FormatError
from repsim_core.formats import shown_name
from repsim_core.limits import LIMITS
from repsim_core.models.graph.archive import Archive
from repsim_core.models.graph.schema import checked

DTYPES: Mapping[int, torch.dtype] = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
STRIDED = 7
DEVICES = ("cpu", "cuda", "mps")


def tensors(archive: Archive, folder: str, config: str) -> dict[str, Tensor]:
    """Tensors of one folder by qualified name; two names of one tensor share it.

    Raises
    ------
    FormatError
        For pickled entries, unknown dtypes, layouts and devices, and strides that leave their bytes or use some twice.
    BudgetError
        For too many tensors or bytes.
    """
    where = f"{folder}/{archive.model}_{config}_config.json"
    entries = checked(archive.document(where), "PayloadConfig", config)["config"]
    if len(entries) > LIMITS.tensors:
        raise BudgetError(f"it has {len(entries):,} tensors (limit {LIMITS.tensors:,}); export a smaller network.")
    claims = {name: _claim(name, entry, archive, folder) for name, entry in entries.items()}
    total = sum(math.prod(shape) * dtype.itemsize for _, dtype, shape, _, _, _ in set(claims.values()))
    if total > LIMITS.parameter_bytes:
        raise BudgetError(
            f"its weights take {total:,} bytes (limit {LIMITS.parameter_bytes:,}); export a smaller network."
        )
    made: dict[Any, Tensor] = {}
    for name, claim in claims.items():
        if claim not in made:
            made[claim] = _tensor(name, claim, archive, folder)
    return {name: made[claim] for name, claim in claims.items()}


def _claim(name: str, entry: dict[str, Any], archive: Archive, folder: str) -> tuple[Any, ...]:
    """Member, dtype, shape, strides, offset and whether it is a parameter, after every check but that of the values."""
    label = f"{folder}: {shown_name(name)}"
    if entry["use_pickle"] or entry["tensor_meta"] is None:
        raise FormatError(f"{label} is a pickled object; only weights as raw numbers are taken")
    meta = entry["tensor_meta"]
    dtype = DTYPES.get(meta["dtype"])
    if dtype is None or meta["layout"] != STRIDED or meta["device"]["type"] not in DEVICES:
        raise FormatError(f"{label} is no dense tensor of a common type (floats, whole numbers, booleans)")
    numbers = [*meta["sizes"], *meta["strides"], meta["storage_offset"]]
    if any("as_int" not in one or not 0 <= one["as_int"] < 2**31 for one in numbers):
        raise FormatError(f"{label} has sizes that are no plain numbers from 0 to 2^31")
    shape, strides = (tuple(one["as_int"] for one in meta[what]) for what in ("sizes", "strides"))
    offset = meta["storage_offset"]["as_int"]
    if len(shape) != len(strides) or len(shape) > LIMITS.tensor_axes:
        raise FormatError(f"{label} has {len(shape)} axes and {len(strides)} strides (limit {LIMITS.tensor_axes})")
    member = archive.member(folder, entry["path_name"])
    if math.prod(shape):
        reach = 0  # of the axes so far, from the fastest: the next must step over it, or an element lies on another
        for stride, count in sorted(zip(strides, shape, strict=True)):
            if count > 1:
                if stride <= reach:
                    raise FormatError(f"{label} is expanded: {shape} with strides {strides} uses bytes more than once")
                reach += stride * (count - 1)
        if (offset + reach + 1) * dtype.itemsize > member.size or member.size % dtype.itemsize:
            raise FormatError(
                f"{label} claims {(offset + reach + 1) * dtype.itemsize:,} bytes and has {member.size:,}; export again"
            )
    return entry["path_name"], dtype, shape, strides, offset, entry["is_param"]


def _tensor(name: str, claim: tuple[Any, ...], archive: Archive, folder: str) -> Tensor:
    path, dtype, shape, strides, offset, is_parameter = claim
    if math.prod(shape):
        flat = torch.frombuffer(bytearray(archive.payload(folder, path)), dtype=dtype)
        values = torch.as_strided(flat, shape, strides, offset).clone()  # the clone keeps dense strides
    else:
        values = torch.empty(shape, dtype=dtype)
    if is_parameter and values.is_floating_point() and not bool(torch.isfinite(values).all()):
        raise FormatError(f"{folder}: {shown_name(name)} holds NaN or infinity; train and export again")
    return nn.Parameter(values, requires_grad=False) if is_parameter else values
