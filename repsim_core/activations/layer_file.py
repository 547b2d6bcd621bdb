"""One layer in the store: a line of JSON and its numbers as they lie in memory, or rounded to half precision."""

import json
import logging
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repsim_core.compute.store import Label, Store, aligned_line

DTYPES = ("float16", "float32", "float64")
_HALF_EXPONENT = 15  # numbers below 2 ** 15 do not overflow float16

log = logging.getLogger("repsim.store")


def halved(values: NDArray[Any]) -> tuple[NDArray[np.float16], int]:
    """``values / 2 ** exponent`` in float16: 11 bits of each number, whatever their scale.

    The power of two brings the largest just below the limit of float16, so that nothing overflows; what is 2 ** -29 of
    the largest and less loses further bits.
    """
    peak = float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))
    exponent = int(np.frexp(peak)[1]) - _HALF_EXPONENT if peak else 0
    return np.ldexp(values, -exponent).astype(np.float16), exponent


def widened(values: NDArray[np.float16], exponent: int) -> NDArray[np.float32]:
    """Inverse of :func:`halved`, up to its rounding."""
    wide = values.astype(np.float32)
    return np.ldexp(wide, exponent, out=wide)


def keep(store: Store, key: str, title: str, values: NDArray[Any], seconds: float, *, half: bool = False) -> None:
    """Write one layer ``(n, units)``; errors of the store are the caller's."""
    content: NDArray[Any]
    content, exponent = halved(values) if half else (np.ascontiguousarray(values), 0)
    head = {"dtype": str(content.dtype), "shape": content.shape, "exponent": exponent}
    store.put([aligned_line(head), content.data.cast("B")], Label(key, "layer", title, time.time(), seconds))


def kept(store: Store, key: str) -> NDArray[Any] | None:
    """The layer of a key, read-only, float32 or float64; mapped into memory where it is large, None if it is absent."""
    found = store.view(key)
    if found is None:
        return None
    content = found[1]
    try:
        line, mark, _ = bytes(content[:1000]).partition(b"\n")
        head = json.loads(line)
        if head["dtype"] not in DTYPES:
            raise ValueError(head["dtype"])
        values = np.frombuffer(content[len(line) + len(mark) :], dtype=head["dtype"]).reshape(head["shape"])
        return widened(values, head["exponent"]) if head["dtype"] == "float16" else values
    except (ValueError, KeyError, TypeError):
        log.warning("%s holds no layer; it is removed and will be computed again.", key)
        store.discard(key)
        return None
