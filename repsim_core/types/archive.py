"""Results as ``.npz``: arrays and their labels as JSON, never a pickle; equal content gives equal bytes."""

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import FormatError
from repsim_core.limits import LIMITS

# RuntimeError: a member that says it is encrypted or packed in a way zipfile does not know.
UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, RuntimeError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


def packed(arrays: Mapping[str, NDArray[Any]], labels: Mapping[str, Any]) -> bytes:
    """Content of the file; ``labels`` must be strict JSON."""
    content = dict(arrays) | {"labels": np.array(json.dumps(dict(labels), allow_nan=False))}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in content.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return out.getvalue()


def unpacked(raw: bytes, form: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inverse of :func:`packed` for labels whose ``format`` is ``form``; anything else is a :class:`FormatError`.

    The bytes may be those of a process that a stranger's file has taken over: no array is allocated before its header
    is found to claim exactly what the archive holds for it.
    """
    try:
        _check(raw)
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            labels = json.loads(str(file["labels"]))
            arrays = {key: file[key] for key in file.files if key != "labels"}
        if labels.pop("format") != form:
            raise ValueError("another format")
    except UNREADABLE as error:
        raise FormatError(f"not a file of the form {form} ({error})") from error
    return arrays, labels


def _check(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
        if len(members) > LIMITS.zip_members or sum(one.file_size for one in members) > LIMITS.npy_bytes:
            raise ValueError(f"more than {LIMITS.zip_members:,} arrays or {LIMITS.npy_bytes:,} bytes")
        for one in members:
            with archive.open(one) as member:
                version = np.lib.format.read_magic(member)
                read = _HEADERS.get(version)
                if read is None:
                    raise ValueError(f"an array of version {version}")
                shape, _, dtype = read(member, max_header_size=LIMITS.npy_header_bytes)
                if dtype.hasobject or min(shape, default=0) < 0:
                    raise ValueError("an array of objects or of a negative size")
                if member.tell() + math.prod(shape) * dtype.itemsize != one.file_size:
                    raise ValueError("an array of another size than its header claims")


_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
