"""Results as ``.npz``: arrays and their labels as JSON, never a pickle; equal content gives equal bytes."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.errors import FormatError

# RuntimeError: a member that says it is encrypted or packed in a way zipfile does not know.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, RuntimeError, zipfile.BadZipFile)


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
    """Inverse of :func:`packed` for labels whose ``format`` is ``form``; anything else is a :class:`FormatError`."""
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            labels = json.loads(str(file["labels"]))
            arrays = {key: file[key] for key in file.files if key != "labels"}
        if labels.pop("format") != form:
            raise ValueError("another format")
    except UNREADABLE as error:
        raise FormatError(f"not a file of the form {form} ({error})") from error
    return arrays, labels
